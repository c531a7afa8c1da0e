import { NatsBroker, NoRespondersError, RemoteError, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Check } from "./check.ts";

/** How many FastStream and we share; enough that the server gives each of them some. */
const SHARED = 60;

/** Who answers, and how it goes wrong. */
export const requests: readonly Check[] = [
  {
    name: "our object fits the dataclass of a FastStream handler, and its reply is an object",
    async run({ broker }) {
      const answer = await broker.request("py.order", { id: 1, tags: ["new"] });
      assertEquals(answer.body, { id: 2, tags: ["new", "seen"] });
    },
  },
  {
    name: "our request finds a FastStream handler with a path parameter",
    async run({ broker }) {
      assertEquals((await broker.request("py.greet.Ada")).body, "Hello, Ada");
    },
  },
  {
    name: "a FastStream handler that raises sends no reply: TimeoutError here",
    async run({ broker }) {
      const asked = () => broker.request("py.fail", 1, { timeout: 300 });
      await assertRejects(asked, TimeoutError);
    },
  },
  {
    name: "nobody at the subject: NoRespondersError on both sides",
    async run({ broker, peer }) {
      await assertRejects(() => broker.request("nobody"), NoRespondersError);
      const answer = await peer.request({ subject: "nobody", body: { text: "?" } });
      assertEquals(answer.error, "NoRespondersError");
    },
  },
  {
    name: "our ReplyError reaches FastStream at once, with its code, text and data",
    async run({ peer }) {
      const { body, headers, error } = await peer.request({
        subject: "js.refuse",
        body: { json: 1 },
      });
      assertEquals([error, body], [undefined, { json: { id: 42 } }]);
      assertEquals(headers["Nats-Service-Error-Code"], "404");
      assertEquals(headers["Nats-Service-Error"], "No such order");
    },
  },
  {
    name: "our handler that throws tells FastStream 500 and nothing of why",
    async run({ peer }) {
      const { body, headers } = await peer.request({ subject: "js.fail", body: { json: 1 } });
      assertEquals(body, { json: { code: 500, description: "Internal error" } });
      assertEquals(headers["Nats-Service-Error-Code"], "500");
    },
  },
  {
    name: "error headers of a FastStream response are a RemoteError here",
    async run({ broker }) {
      const headers = { "Nats-Service-Error-Code": "409", "Nats-Service-Error": "Taken" };
      const asked = () => broker.request("py.response", { json: { by: "Ada" }, headers });
      const error = await assertRejects(asked, RemoteError);
      assertEquals([error.code, error.description, error.data], [409, "Taken", { by: "Ada" }]);
    },
  },
  {
    name: "a queue group shared with a FastStream worker: each request to one of both",
    async run({ broker, peer, url }) {
      await using worker = new NatsBroker(url, { logger: false });
      const ours: unknown[] = [];
      worker.subscriber("shared.work", { queue: "workers" }, ({ body: item }) => {
        ours.push(item);
        return { by: "signalbox", item };
      });
      await worker.start();
      const items = Array.from({ length: SHARED }, (_, item) => item);
      const asked = items.map((item) => broker.request("shared.work", item));
      const answers = (await Promise.all(asked)).map(({ body }) =>
        body as { by: string; item: number }
      );
      assertEquals(answers.map(({ item }) => item), items);
      const theirs = await peer.heard(SHARED - ours.length);
      assertEquals(theirs.length + ours.length, SHARED);
      assertEquals(new Set(answers.map(({ by }) => by)), new Set(["faststream", "signalbox"]));
      assert(ours.length > 0 && theirs.length > 0);
    },
  },
];
