/** The rules of subjects: tokens between dots, `*` for one token, `>` for all that follow. */

/** Whether a client may subscribe to it: no empty token, no white space, and `>` only at the end. */
export function isValidSubject(subject: string): boolean {
  if (/[ \t\n\f\r]/.test(subject)) return false;
  const tokens = subject.split(".");
  return tokens.every((token, i) => token !== "" && (token !== ">" || i === tokens.length - 1));
}

/** Whether a pedantic client may publish to it: no empty token, no wildcard. */
export function isValidLiteral(subject: string): boolean {
  return subject.split(".").every((token) => token !== "" && token !== "*" && token !== ">");
}

/** Whether it has a wildcard. */
export function hasWildcard(subject: string): boolean {
  if (!subject.includes("*") && !subject.includes(">")) return false;
  return subject.split(".").some((token) => token === "*" || token === ">");
}

/** Whether `pattern` matches everything that `subject` matches. */
export function isSubset(subject: string, pattern: string): boolean {
  const tokens = subject.split(".");
  const tests = pattern.split(".");
  for (const [i, test] of tests.entries()) {
    const token = tokens[i];
    if (token === undefined) return false;
    if (test === ">") return true;
    if (token === ">" || (token === "*" && test !== "*")) return false;
    if (test !== "*" && test !== token) return false;
  }
  return tokens.length === tests.length;
}

/** Whether both patterns match a common subject. */
export function overlap(one: string, other: string): boolean {
  const left = one.split(".");
  const right = other.split(".");
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [a, b] = [left[i], right[i]];
    if (a === ">" || b === ">") return true;
    if (a !== b && a !== "*" && b !== "*") return false;
  }
  return left.length === right.length;
}
