import { assertEquals } from "@std/assert";
import { newToken } from "../../src/subject/subject.ts";
import { shortened } from "../../src/legible.ts";

const TOKEN = "yz3GjZ0pT4b9QmLw8sXk2v";

Deno.test("shortened() leaves the first four characters of an inbox", () => {
  assertEquals(shortened(`_DESK.${TOKEN}`), "_DESK.yz3G…");
  assertEquals(shortened(`_MY.DESK.${TOKEN}.c12`), "_MY.DESK.yz3G….c12");
  assertEquals(shortened(`_DESK.${TOKEN}.*`), "_DESK.yz3G….*");
  assertEquals(shortened(`_DESK.${TOKEN}.${TOKEN}`), "_DESK.yz3G….yz3G…");
});

Deno.test("shortened() finds every inbox within a sentence", () => {
  const sentence = `Cannot take "_A.${TOKEN}.1t" from '_B.${TOKEN}'`;
  assertEquals(shortened(sentence), `Cannot take "_A.yz3G….1t" from '_B.yz3G…'`);
});

Deno.test("shortened() shortens every token that inboxes are made of", () => {
  for (let round = 0; round < 1_000; round++) {
    const token = newToken();
    assertEquals(shortened(`_INBOX.${token}`), `_INBOX.${token.slice(0, 4)}…`);
  }
});

Deno.test("shortened() leaves everything else as it is", () => {
  const others = [
    "orders.created",
    TOKEN,
    `correlation ${TOKEN}`,
    `orders.${TOKEN}x`,
    `orders.${TOKEN.slice(1)}`,
    "orders.123e4567-e89b-12d3-a456-426614174000",
    "orders.507f1f77bcf86cd799439011",
    "",
  ];
  for (const text of others) assertEquals(shortened(text), text);
});
