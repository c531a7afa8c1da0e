import {
  ConnectionError,
  NatsBroker,
  PayloadTooLargeError,
  PermissionError,
  SubscriptionError,
} from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { within } from "../support/within.ts";
import { fastLineTest } from "../support/plain_mode.ts";

const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 30 } } as const;

/** Answers pings, and refuses each line that begins like this with these words. */
function refusing(beginning: string, words = "We are closed on Sundays") {
  return (line: string) => {
    if (line === "PING") return "PONG\r\n";
    return line.startsWith(beginning) ? `-ERR '${words}'\r\n` : "";
  };
}

Deno.test("NatsBroker.flush() rejects where the server says that something is wrong before it answers", async () => {
  await using server = ScriptedServer.start({ answer: refusing("HPUB bad") });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  await broker.publish("good", 1);
  await broker.flush();
  await broker.publish("bad", 1);
  await broker.publish("good", 1);
  const error = await assertRejects(() => broker.flush(), ConnectionError);
  assertEquals(error.reason, "rejected");
  assertStringIncludes(error.message, "We are closed on Sundays");
  await broker.flush();
});

fastLineTest(
  "NatsBroker.flush() tells what was refused behind the answer from what was refused before it",
  "the client hands on refusals and answers by two queues",
  async () => {
    let pings = 0;
    const answer = (line: string) => {
      if (line !== "PING") return "";
      // in one piece: what comes behind the second answer does not belong to what was sent before it
      return ++pings === 2 ? "PONG\r\n-ERR 'too late'\r\n" : "PONG\r\n";
    };
    await using server = ScriptedServer.start({ answer });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    await broker.publish("good", 1);
    await broker.flush();
    await broker.publish("good", 2);
    await assertRejects(() => broker.flush(), ConnectionError, "too late");
    await broker.flush();
  },
);

Deno.test("NatsBroker.openInbox() rejects whatever words it is refused with, and flush() does not", async () => {
  for (const words of ["We are closed on Sundays", "", "maximum subscriptions exceeded"]) {
    await using server = ScriptedServer.start({ answer: refusing("SUB", words) });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    const opening = broker.openInbox();
    await broker.publish("good", 1);
    const [opened, flushed] = await Promise.allSettled([opening, broker.flush()]);
    assertInstanceOf((opened as PromiseRejectedResult).reason, SubscriptionError);
    assertEquals((opened as PromiseRejectedResult).reason.words, words);
    assertEquals(flushed.status, "fulfilled");
  }
});

Deno.test("NatsBroker finds out which of several subscriptions was refused without its name", async () => {
  const sids = new Map<string, string>();
  const answer = (line: string) => {
    if (line === "PING") return "PONG\r\n";
    const [, subject, sid] = /^SUB (\S+) (\d+)$/.exec(line) ?? [];
    if (subject === undefined || subject.includes("_INBOX")) return "";
    if (subject === "second") return "-ERR 'Not you'\r\n";
    sids.set(subject, sid!);
    return "";
  };
  await using server = ScriptedServer.start({ answer });
  await using broker = new NatsBroker(server.url, options);
  const heard: string[] = [];
  for (const subject of ["first", "second", "third", "fourth"]) {
    broker.subscriber(subject, () => void heard.push(subject));
  }
  const seen = recorded(broker);
  const error = await assertRejects(() => broker.start(), SubscriptionError);
  assertEquals([error.subject, error.words], ["second", "Not you"]);
  for (const [subject, sid] of sids) await server.say(`MSG ${subject} ${sid} 0\r\n\r\n`);
  await until("the others must hear", () => heard.length >= 3);
  assertEquals(heard.toSorted(), ["first", "fourth", "third"]);
  const lost = seen.flatMap((event) => event.type === "subscriptionLost" ? [event.subject] : []);
  assertEquals(lost, ["second"]);
  assertEquals(errorsIn(seen).length, 1);
});

Deno.test("NatsBroker.request() fails at once where its answers are refused in other words", async () => {
  await using server = ScriptedServer.start({ answer: refusing("SUB") });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  for (let round = 0; round < 3; round++) {
    const asked = broker.request("a", 1, { timeout: 60_000 });
    await assertRejects(() => within("it must settle", asked), SubscriptionError);
  }
});

Deno.test("NatsBroker.flush() rejects where a held message is too large for the server that comes back", async () => {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  const seen = recorded(broker);
  await server.kill();
  await until("it must be noticed", () => seen.some(({ type }) => type === "disconnected"));
  await broker.publish("small", 1);
  await broker.publish("large", new Uint8Array(4_000));
  await broker.publish("small", 2);
  await server.restart("max_payload: 2000");
  const error = await assertRejects(() => broker.flush(), PayloadTooLargeError);
  assertEquals(error.limit, 2_000);
  await broker.flush();
  assertEquals(errorsIn(seen).length, 1);
});

Deno.test("NatsBroker knows a subject that the server puts into quotes of its own", async () => {
  const subject = 'a"b\\c';
  const quoted = String.raw`"a\"b\\c"`;
  const answer = (line: string) => {
    if (line === "PING") return "PONG\r\n";
    if (line.startsWith(`SUB ${subject}`)) {
      return `-ERR 'Permissions Violation for Subscription to ${quoted}'\r\n`;
    }
    if (!line.startsWith(`HPUB ${subject}`)) return "";
    return `-ERR 'Permissions Violation for Publish to ${quoted}'\r\n`;
  };
  await using server = ScriptedServer.start({ answer });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  await broker.publish(subject, 1);
  assertEquals((await assertRejects(() => broker.flush(), PermissionError)).subject, subject);
  await assertRejects(() => broker.request(subject, 1, { timeout: 60_000 }), PermissionError);
  const reader = broker.subscriber(subject);
  assertEquals((await assertRejects(() => reader.start(), PermissionError)).subject, subject);
});

Deno.test("NatsBroker.flush() rejects where the server refuses a message for its reply address", async () => {
  const words = 'Permissions Violation for Publish with Reply of "$SYS.REQ"';
  await using server = ScriptedServer.start({ answer: refusing("HPUB a $SYS.REQ", words) });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  await broker.publish("a", 1, { replyTo: "$SYS.REQ" });
  assertEquals((await assertRejects(() => broker.flush(), PermissionError)).subject, "$SYS.REQ");
});

Deno.test("NatsBroker reports the first, the tenth and the hundredth answer that the server refuses", async () => {
  await using server = ScriptedServer.start({ answer: refusing("nothing") });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  const seen = recorded(broker);
  for (let n = 1; n <= 150; n++) {
    await server.say(`-ERR 'Permissions Violation for Publish to "answers.${n}"'\r\n`);
  }
  await broker.flush();
  const subjects = errorsIn(seen).map((error) => (error as PermissionError).subject);
  assertEquals(subjects, ["answers.1", "answers.10", "answers.100"]);
});
