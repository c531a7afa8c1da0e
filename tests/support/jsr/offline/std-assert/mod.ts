export { AssertionError } from "./assertion_error.ts";
export * from "./basic.ts";
export { equal } from "./equal.ts";
export * from "./equality.ts";
export * from "./numbers.ts";
export { assertObjectMatch } from "./object_match.ts";
export { assertRejects, assertThrows } from "./throwing.ts";
export * from "./text.ts";
