/** Whether a version is the needed one or a later one; an unknown version may be anything. */
export function isSince(version: string, needed: string): boolean {
  const [major = NaN, minor = NaN] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [neededMajor = 0, neededMinor = 0] = needed.split(".").map(Number);
  if (Number.isNaN(major) || Number.isNaN(minor)) return true;
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
