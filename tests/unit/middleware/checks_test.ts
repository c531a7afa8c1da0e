import { assertThrows } from "@std/assert";
import { checkRequired } from "../../../src/middleware/checks.ts";
import { callable, count } from "../../../src/options.ts";

const RULES = { limit: count, key: callable };

Deno.test("checkRequired() lets options pass that are there and right", () => {
  checkRequired("count", { limit: 1 }, RULES, ["limit"]);
  checkRequired("count", { limit: 1, key: () => 1 }, RULES);
});

Deno.test("checkRequired() names the first that is missing, of all unless names are given", () => {
  const sentence = `Cannot count as "key" must be a function: undefined`;
  assertThrows(() => checkRequired("count", { limit: 1 }, RULES), TypeError, sentence);
  assertThrows(
    () => checkRequired("count", { limit: undefined }, RULES, ["limit"]),
    TypeError,
    `Cannot count as "limit" must be a whole number of 1 or more: undefined`,
  );
});

Deno.test("checkRequired() names an option that is wrong before one that is missing", () => {
  assertThrows(
    () => checkRequired("count", { key: 1 }, RULES),
    TypeError,
    `Cannot count as "key" must be a function: 1`,
  );
});
