/** The rules of subjects: tokens between dots, `*` for one token, `>` for all that follow. */

/** May this be subscribed to: no empty token, no white space, and `>` only at the end. */
export function isValidSubject(subject: string): boolean {
  if (/[ \t\n\f\r]/.test(subject)) return false;
  const tokens = subject.split(".");
  return tokens.every((token, i) => token !== "" && (token !== ">" || i === tokens.length - 1));
}

/** May this be published to, as a pedantic client has it checked: no empty token, no wildcard. */
export function isValidLiteral(subject: string): boolean {
  return subject.split(".").every((token) => token !== "" && token !== "*" && token !== ">");
}

/** Does it hold a wildcard token? */
export function hasWildcard(subject: string): boolean {
  if (!subject.includes("*") && !subject.includes(">")) return false;
  return subject.split(".").some((token) => token === "*" || token === ">");
}

/** Is everything that `subject` matches matched by `pattern` too? */
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

/** Is there a subject that both patterns match? */
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
