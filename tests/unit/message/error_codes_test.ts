import { assertEquals } from "@std/assert";
import { ReplyError } from "../../../src/errors.ts";
import { ERROR_CODES } from "../../../src/message/reply.ts";

Deno.test("ERROR_CODES keeps its codes, as callers of other versions read them", () => {
  assertEquals(ERROR_CODES, {
    badRequest: 400,
    notFound: 404,
    tooLarge: 413,
    tooMany: 429,
    internal: 500,
    unavailable: 503,
    deadline: 504,
  });
});

Deno.test("ERROR_CODES has codes that an error reply may have, and none twice", () => {
  const codes = Object.values(ERROR_CODES);
  for (const code of codes) new ReplyError(code, "x");
  assertEquals(new Set(codes).size, codes.length);
});
