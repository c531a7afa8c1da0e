import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Seen } from "../peer.ts";
import { type Check, SOON } from "./check.ts";

const HEADERS = { "X-Shard": "7", "x-city": "Zürich", "X-Colons": "a: b:c" };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What goes with a body: headers, correlation ids, the address of the reply. */
export const envelopes: readonly Check[] = [
  {
    name: "our headers arrive at FastStream",
    async run({ broker }) {
      const { body } = await broker.request("py.describe", "text", { headers: HEADERS });
      const seen = (body as Seen).headers;
      for (const [name, value] of Object.entries(HEADERS)) assertEquals(seen[name], value);
      assertEquals(seen["content-type"], "text/plain");
    },
  },
  {
    name: "FastStream's headers arrive here, in any case",
    async run({ broker, peer }) {
      await using inbox = await broker.openInbox();
      const body = { text: "text" };
      await peer.publish({ subject: inbox.subject, body, headers: HEADERS });
      const headers = (await inbox.next(SOON))?.headers;
      assertEquals(headers?.get("x-SHARD"), "7");
      assertEquals(headers?.get("X-City"), "Zürich");
      assertEquals(headers?.get("x-colons"), "a: b:c");
    },
  },
  {
    name: "the headers of a FastStream response arrive here",
    async run({ broker }) {
      const answer = await broker.request("py.response", { text: "yes", headers: HEADERS });
      assertEquals([answer.body, answer.headers.get("x-shard")], ["yes", "7"]);
    },
  },
  {
    name: "a content type with parameters from FastStream is read here",
    async run({ broker, peer }) {
      await using inbox = await broker.openInbox();
      const headers = { "content-type": "text/plain; charset=utf-8" };
      await peer.publish({ subject: inbox.subject, body: { text: "12" }, headers });
      assertEquals((await inbox.next(SOON))?.body, "12");
    },
  },
  {
    name: "our correlation id arrives at FastStream and comes back on the reply",
    async run({ broker }) {
      const answer = await broker.request("py.describe", 1, { correlationId: "ours-1" });
      assertEquals((answer.body as Seen).correlationId, "ours-1");
      assertEquals(answer.correlationId, "ours-1");
    },
  },
  {
    name: "the correlation id we make ourselves does so too",
    async run({ broker }) {
      const answer = await broker.request("py.describe", 1);
      assertMatch(answer.correlationId ?? "", /^[0-9A-Za-z]{22}$/);
      assertEquals((answer.body as Seen).correlationId, answer.correlationId);
    },
  },
  {
    name: "FastStream's correlation id arrives here and comes back on the reply",
    async run({ peer }) {
      const order = { subject: "js.describe", body: { json: 1 }, correlationId: "theirs-1" };
      const answer = await peer.request(order);
      assertEquals((answer.body as { json: Seen }).json.correlationId, "theirs-1");
      assertEquals(answer.correlationId, "theirs-1");
    },
  },
  {
    name: "the correlation id FastStream makes itself does so too",
    async run({ peer }) {
      const answer = await peer.request({ subject: "js.describe", body: { json: 1 } });
      assertMatch(answer.correlationId, UUID);
      assertEquals((answer.body as { json: Seen }).json.correlationId, answer.correlationId);
    },
  },
  {
    name: "a correlation id that a FastStream response chose arrives here",
    async run({ broker }) {
      const question = { text: "yes", correlationId: "chosen" };
      const answer = await broker.request("py.response", question, { correlationId: "asked" });
      assertEquals(answer.correlationId, "chosen");
    },
  },
  {
    name: "FastStream replies to our replyTo",
    async run({ broker }) {
      await using inbox = await broker.openInbox();
      await broker.publish("py.describe", "?", { replyTo: inbox.subject, correlationId: "c-1" });
      const answer = await inbox.next(SOON);
      assertEquals((answer?.body as Seen).replyTo, inbox.subject);
      assertEquals(answer?.correlationId, "c-1");
    },
  },
  {
    name: "our handler replies to FastStream's reply_to",
    async run({ peer }) {
      const replyTo = "py.hear";
      await peer.publish({ subject: "js.describe", body: { text: "?" }, replyTo });
      const [seen] = await peer.heard(1);
      assert(seen && "json" in seen.body);
      assertEquals((seen.body.json as Seen).replyTo, replyTo);
      assertEquals((seen.body.json as Seen).correlationId, seen.correlationId);
    },
  },
];
