/** Whether some subject matches both wildcard patterns. */
export function overlap(one: string, other: string): boolean {
  return overlapping(one.split("."), other.split("."));
}

function overlapping(one: readonly string[], other: readonly string[]): boolean {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [left, right] = [one[at], other[at]];
    if (left === undefined || right === undefined) return false;
    if (left === ">" || right === ">") return true;
    if (left !== right && left !== "*" && right !== "*") return false;
  }
  return true;
}
