import { PermissionError, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

/** Whoever reads this in a log can write to that inbox. */
const WHOLE_INBOX = /_DESK\.[0-9A-Za-z]{22}/;

function assertSecret(shown: string): void {
  assert(!WHOLE_INBOX.test(shown), `a whole inbox is shown: ${shown}`);
}

onEveryServer(
  "console.log() of a broker and all that it makes shows no whole inbox",
  async (at) => {
    const service = at.broker({ inboxPrefix: "_DESK" });
    const requests: unknown[] = [];
    service.session("talk", async (session) => {
      requests.push(session, session.opening);
      for await (const message of session) requests.push(message);
    });
    service.subscriber("ask", (message) => void requests.push(message));
    service.subscriber("count", async function* () {
      yield 1;
    });
    await service.start();
    const desk = at.broker({ inboxPrefix: "_DESK" });
    await desk.connect();

    const inbox = await desk.openInbox();
    const answer = await desk.request("ask");
    const stream = desk.requestStream("count");
    for await (const part of stream) requests.push(part);
    const session = await desk.openSession("talk");
    await session.send("hello");
    await session.close();
    const all = [service, desk, inbox, answer, stream, session, session.opening, ...requests];
    assertEquals(all.length, 12);
    for (const each of all) assertSecret(Deno.inspect(each, { depth: 9 }));
    assertMatch(Deno.inspect(inbox), /_DESK\.[0-9A-Za-z]{4}…/);
    assertMatch(Deno.inspect(inbox), new RegExp(inbox.subject.slice(0, 10)));
  },
);

onEveryServer(
  "PermissionError for an inbox shows no whole inbox, neither to console.log() nor in its cause",
  async (at) => {
    const broker = at.broker({ as: LIMITED, inboxPrefix: "_DESK" });
    await broker.connect();
    const refused = Promise.withResolvers<Error>();
    void (async () => {
      for await (const event of broker.events()) {
        if (event.type === "error") refused.resolve(event.error);
      }
    })();
    const subject = await broker.newInbox();
    await broker.publish(subject, "not permitted");
    const error = await within("the server must refuse it", refused.promise);

    assert(error instanceof PermissionError);
    assertEquals(error.subject, subject);
    assertSecret(error.message);
    assertSecret(Deno.inspect(error, { depth: 9 }));
    const listening = await broker.openInbox().catch((error) => error);
    assert(listening instanceof PermissionError);
    assertSecret(Deno.inspect(listening, { depth: 9 }));
  },
  {
    users: [{ user: "limited", password: "x", permissions: { publish: ["a"], subscribe: ["a"] } }],
  },
);

onEveryServer(
  "NatsBroker.request() to somebody's inbox fails with an error that shows no whole inbox",
  async (at) => {
    const broker = at.broker({ inboxPrefix: "_DESK" });
    await broker.connect();
    const inbox = await broker.openInbox();
    const error = await broker.request(inbox.subject, null, { timeout: 20 }).catch((error) =>
      error
    );
    assert(error instanceof TimeoutError);
    assertEquals(error.subject, inbox.subject);
    assertSecret(Deno.inspect(error, { depth: 9 }));
    await inbox.close();
    const gone = await broker.request(inbox.subject, null).catch((error) => error);
    assertSecret(Deno.inspect(gone, { depth: 9 }));
    const wrong = await broker.publish(`${inbox.subject}. `).catch((error) => error);
    assertSecret(Deno.inspect(wrong, { depth: 9 }));
  },
);

const LIMITED = { user: "limited", password: "x" };
