import { type BrokerEvent, InvalidSubjectError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { Proxy } from "../support/proxy.ts";
import { Spy } from "../support/spy.ts";
import { until } from "../support/nats_server/until.ts";
import { withBystander } from "./bystander.ts";

const reconnect = { minDelay: 20, maxDelay: 50 };
const ODD = ["evil.\x01", "evil.\x7f", "\0", "evil..a", ".evil", "evil.", "evil.*", ">", "\x1b[2J"];

/** What a middleware can make of a subject. */
function unchecked(subject: string): string {
  if (subject === "long_") return "a".repeat(4_090);
  return subject.startsWith("blank") ? "blank here\r\n" : subject;
}

function errorsOf(broker: NatsBroker): Error[] {
  const errors: Error[] = [];
  void (async () => {
    for await (const event of broker.events()) if (event.type === "error") errors.push(event.error);
  })();
  return errors;
}

function eventsOf(broker: NatsBroker): BrokerEvent["type"][] {
  const types: BrokerEvent["type"][] = [];
  void (async () => {
    for await (const { type } of broker.events()) types.push(type);
  })();
  return types;
}

onEveryServer(
  "NatsBroker drops and reports a message that no answer could be sent to, whoever it is for",
  async (server) => {
    const broker = server.broker();
    const errors = errorsOf(broker);
    broker.subscriber("bystander.echo", ({ body }) => body);
    let handled = 0;
    broker.subscriber("svc.echo", ({ body }) => {
      handled++;
      return body;
    });
    await broker.start();
    await using inbox = await broker.openInbox();
    await using spy = await Spy.connect(server.url);
    await withBystander(server.url, "bystander.echo", async () => {
      for (let round = 0; round < 20; round++) {
        for (const replyTo of ODD) {
          await spy.say("svc.echo", { replyTo, payload: "x" });
          await spy.say(inbox.subject, { replyTo, payload: "x" });
        }
        await delay(10);
      }
      await spy.say(inbox.subject, { replyTo: "well.formed", payload: "last" });
    });
    assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "last");
    assertEquals(handled, 0);
    // the first, the tenth, the hundredth: how many there are is for others to choose
    assertEquals(errors.length, 3);
    assert(errors[0] instanceof InvalidSubjectError);
    assertStringIncludes(errors[2]!.message, "100 messages so far");
  },
);

onEveryServer(
  "NatsBroker answers after an outage whoever can be answered, though others cannot",
  async (server) => {
    await using proxy = await Proxy.start(Number(new URL(server.url).port));
    await using serving = new NatsBroker(proxy.url, { logger: false, reconnect });
    const broker = server.broker();
    const types = eventsOf(serving);
    const held = Promise.withResolvers<void>();
    const asked: unknown[] = [];
    serving.subscriber("svc.later", { concurrency: 64 }, async ({ body }) => {
      asked.push(body);
      await held.promise;
      return body;
    });
    await Promise.all([serving.start(), broker.connect()]);
    await using spy = await Spy.connect(server.url);
    const inTime = broker.request("svc.later", "first", { timeout: 20_000 });
    for (const replyTo of ODD) await spy.say("svc.later", { replyTo, payload: "odd" });
    await until("it is at work", () => asked.includes("first"));
    await proxy.refuse();
    proxy.cut();
    await until("it is disconnected", () => types.includes("disconnected"));
    held.resolve();
    await delay(50);
    proxy.accept();
    assertEquals((await inTime).body, "first");
    assert(!types.includes("closed"), "the broker has closed");
    assertEquals((await broker.request("svc.later", "again", { timeout: 5_000 })).body, "again");
    assert(!asked.includes("odd"));
  },
);

onEveryServer(
  "NatsBroker.publish() checks in an outage what it checks without one, and loses nothing over it",
  async (server) => {
    await using proxy = await Proxy.start(Number(new URL(server.url).port));
    await using broker = new NatsBroker(proxy.url, { logger: false, reconnect });
    // a draft of middleware is checked where it is sent
    broker.use({ publish: (draft, next) => next({ ...draft, subject: unchecked(draft.subject) }) });
    await broker.connect();
    const reading = server.broker();
    await reading.connect();
    await using inbox = await reading.openInbox();
    const types = eventsOf(broker);
    await proxy.refuse();
    proxy.cut();
    await until("it is disconnected", () => types.includes("disconnected"));
    for (let sent = 0; sent < 3; sent++) {
      await broker.publish(inbox.subject, sent);
      await assertRejects(() => broker.publish("blank_here", sent), InvalidSubjectError);
      await assertRejects(() => broker.publish("long_", sent), InvalidSubjectError);
    }
    proxy.accept();
    await broker.flush();
    for (let sent = 0; sent < 3; sent++) {
      assertEquals((await inbox.next({ timeout: 5_000 }))?.body, sent);
    }
    assert(!types.includes("closed"), "the broker has closed");
  },
);
