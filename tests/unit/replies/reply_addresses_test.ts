import { assert, assertEquals, assertFalse } from "@std/assert";
import type { RawMessage } from "../../../src/message/raw_message.ts";
import { ReplyAddresses } from "../../../src/replies/reply_addresses.ts";

const INBOX = "_DESK.0123456789abcdefghijkl";

function message(replyTo: string, subject = "orders.talk"): RawMessage {
  return { subject, replyTo, data: new Uint8Array(0), headerBlock: undefined };
}

/** What is permitted of these addresses, asked for twice, as the second time goes another way. */
function permitted(addresses: ReplyAddresses, all: readonly string[]): string[] {
  const first = all.filter((address) => addresses.permits(message(address)));
  assertEquals(all.filter((address) => addresses.permits(message(address))), first);
  return first;
}

const SERVED = {};
const USUAL = ["", "_SHOP.a", "_SHOP.a.b", "_DESK.x.y", "billing.paid", "a"];
const SERVERS = [
  "$",
  "$JS.API.STREAM.DELETE.LEDGER",
  "$SYS.REQ",
  "$SRV.PING",
  "$KV.a.b",
  "$JS.ACK.a",
];
const ILLEGAL = ["orders.*", "other.\x01", "other.a b", ".", "a."];

Deno.test("ReplyAddresses.permits() all but what is the server's, or no subject, if nothing else is said", () => {
  const addresses = new ReplyAddresses("_DESK", undefined);
  assertEquals(permitted(addresses, [...USUAL, ...SERVERS, ...ILLEGAL]), USUAL);
});

Deno.test("ReplyAddresses.permits() no subject that the broker serves, before and after it was another's", () => {
  const addresses = new ReplyAddresses("_DESK", undefined);
  const all = ["orders.delete", "orders.delete.x", "a.b.c", "_SHOP.b", "_SHOP.b.c", "free.b"];
  assertEquals(permitted(addresses, all), all);
  addresses.serve("orders.*", SERVED);
  addresses.serve("*.b.c", SERVED);
  addresses.serve("_SHOP.b", SERVED);
  assertEquals(permitted(addresses, all), ["orders.delete.x", "free.b"]);
  addresses.leave("*.b.c", SERVED);
  addresses.leave("_SHOP.b", SERVED);
  assertEquals(permitted(addresses, all), all.slice(1));
});

Deno.test("ReplyAddresses.permits() inboxes beside a subscriber to everything, and nothing else", () => {
  for (const pattern of [">", "*.>", "*.*"]) {
    const addresses = new ReplyAddresses("_DESK", undefined);
    addresses.serve(pattern, SERVED);
    assertEquals(permitted(addresses, ["_SHOP.b", "_DESK.b", "orders.b"]), ["_SHOP.b", "_DESK.b"]);
  }
});

Deno.test("ReplyAddresses.permits() what `answersTo` takes in, and nothing else", () => {
  const addresses = new ReplyAddresses("_DESK", ["_SHOP.>", "_MALL.*", "done.all", "$JS.ACK.>"]);
  const all = ["_SHOP.a", "_SHOP.a.b", "_MALL.a", "done.all", "$JS.ACK.a"];
  const others = ["_SHOP", "_MALL.a.b", "_DESK.a", "done.b", "$JS.API.INFO", "billing.paid"];
  assertEquals(permitted(addresses, [...all, ...others]), all);
  addresses.serve("done.*", SERVED);
  assertEquals(permitted(addresses, [...all, ...others]), all, "an entry names what is served");
});

Deno.test("ReplyAddresses.permits() by a wildcard in the first place neither `$…` nor what is served", () => {
  for (const entry of [">", "*.>"]) {
    const addresses = new ReplyAddresses("_DESK", [entry]);
    addresses.serve("orders.*", SERVED);
    const all = ["_SHOP.a", "_DESK.a", "billing.paid"];
    assertEquals(permitted(addresses, [...all, ...SERVERS, "orders.delete", "a b.c"]), all);
  }
});

Deno.test("ReplyAddresses.permits() an inbox of its own for what it has asked, whatever `answersTo` says", () => {
  for (const answersTo of [undefined, [], [">"], ["_DESK.>"]]) {
    const addresses = new ReplyAddresses("_DESK", answersTo);
    addresses.open(INBOX, { hasAsked: ({ subject }) => subject === "own" });
    const below = [INBOX, `${INBOX}.x`, `${INBOX}.x.y`];
    for (const address of below) {
      assert(addresses.permits(message(address, "own")));
      assertFalse(addresses.permits(message(address, "orders.talk")));
    }
    addresses.close(INBOX);
    const isOpen = answersTo?.length !== 0;
    assertEquals(permitted(addresses, below), isOpen ? below : []);
  }
});

Deno.test("ReplyAddresses.permits() tells inboxes apart that end alike, as some are closed", () => {
  const addresses = new ReplyAddresses("_DESK", undefined);
  const inboxes = ["0", "1", "2"].map((letter) => INBOX.replace("0", letter));
  const own = { hasAsked: () => false };
  const first = inboxes.slice(0, 2);
  for (const inbox of [...first, ...first]) addresses.open(inbox, own);
  assertEquals(permitted(addresses, inboxes), inboxes.slice(2));
  addresses.close(inboxes[0]!);
  addresses.close(inboxes[0]!);
  assertEquals(permitted(addresses, inboxes), [inboxes[0]!, inboxes[2]!]);
  addresses.close(inboxes[1]!);
  assertEquals(permitted(addresses, inboxes), inboxes);
});

Deno.test("ReplyAddresses.permits() an address behind a gateway as what it is where it comes from", () => {
  const addresses = new ReplyAddresses("_DESK", undefined);
  addresses.serve("orders.*", SERVED);
  addresses.open(INBOX, { hasAsked: () => true });
  const behind = (address: string) => `_GR_.abcdef.ghijkl.${address}`;
  const all = ["_SHOP.a", "_SHOP.b", "_DESK.a"].map(behind);
  const others = ["$JS.API.INFO", "orders.delete", INBOX, "", "."].map(behind);
  assertEquals(
    permitted(addresses, [...all, ...others, "_GR_.", "_GR_.a.b", behind(behind("$JS.API.INFO"))]),
    all,
  );
});

Deno.test("ReplyAddresses.permits() an inbox prefix of several tokens as one of a single token", () => {
  const addresses = new ReplyAddresses("_INBOX.desk", undefined);
  const inbox = `_INBOX.desk.${INBOX.slice(6)}`;
  addresses.open(inbox, { hasAsked: () => false });
  const all = ["_INBOX.a", "_INBOX.desk.a"];
  assertEquals(permitted(addresses, [...all, inbox, "_INBOX.b", `${inbox}.a`]), [
    ...all,
    "_INBOX.b",
  ]);
});

Deno.test("ReplyAddresses.permits() callers of any number of prefixes, of which it keeps a few", () => {
  const addresses = new ReplyAddresses("_DESK", undefined);
  const all = Array.from({ length: 500 }, (_, at) => `_SHOP${at}.a`);
  assertEquals(permitted(addresses, all), all);
  addresses.serve("_SHOP7.a", SERVED);
  assertEquals(permitted(addresses, all), all.filter((address) => address !== "_SHOP7.a"));
});

Deno.test("ReplyAddresses.shows() how a message of JetStream is acknowledged, beside what it permits", () => {
  const addresses = new ReplyAddresses("_DESK", undefined);
  const shown = ["$JS.ACK.S.c.1", "$JS.API.INFO", "_SHOP.a"].map((address) =>
    addresses.shows(message(address))
  );
  assertEquals(shown, [true, false, true]);
});
