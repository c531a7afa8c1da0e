import { connect, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import type { Listener } from "../../../src/line/line.ts";
import { insideOf } from "../../../src/reach/client_shape.ts";
import { FastLine } from "../../../src/reach/fast_line.ts";
import { until } from "../../support/nats_server/until.ts";
import { agree, infoWith, type Script, ScriptedServer } from "../../support/scripted_server.ts";
import { within } from "../../support/within.ts";
import { noted, publish, strict } from "../line/noted.ts";

interface Stage {
  readonly server: ScriptedServer;
  readonly client: NatsConnection;
  readonly line: FastLine;
  /** What becomes of the line, in order. */
  readonly steps: string[];
  listener(subject: string): Listener;
}

/** A fast line to a server that a test plays. */
async function stage(script: Script, use: (parts: Stage) => Promise<void>): Promise<void> {
  await using server = ScriptedServer.start(script);
  const servers = server.url.slice("nats://".length);
  const client = await connect({ servers, reconnect: false, resolve: false, noAsyncTraces: true });
  const { steps, watch, listener } = noted();
  const line = new FastLine(platformClock, client, insideOf(client).protocol!, watch);
  try {
    await use({ server, client, line, steps, listener });
  } finally {
    await line.close();
  }
}

Deno.test("FastLine leaves a subscription on the client itself alone, and goes on", () =>
  stage({ answer: agree }, async ({ server, client, line, steps, listener }) => {
    const own: Msg[] = [];
    const callback = (_: Error | null, message: Msg) => void own.push(message);
    const foreign = client.subscribe("own", { callback });
    const ours = line.subscribe(listener("ours"));
    await line.flush(() => {});
    await server.say(
      `MSG own ${foreign.getID()} 1\r\n1\r\nMSG ours ${ours.sid} 1\r\n2\r\nMSG none 99 1\r\n3\r\n`,
    );
    await until("ours has come", () => steps.length > 0);
    foreign.unsubscribe();
    await line.flush(() => {});
    await client.flush();
    assertEquals([steps, line.isOpen], [["ours: 2"], true]);
    assertEquals(own.map((message) => message.string()), ["1"]);
  }));

Deno.test("FastLine lets the client publish, ask and subscribe by itself", () => {
  const seen: string[] = [];
  const answer = (line: string) => {
    if (/^(?:PUB|SUB|UNSUB)/.test(line)) seen.push(line);
    return agree(line);
  };
  return stage({ answer }, async ({ client, line }) => {
    client.publish("a", "x");
    line.writer.publish(publish("b"));
    client.publish("c");
    await client.flush();
    await line.flush(() => {});
    assertEquals(seen, ["PUB a 1", "PUB b 0", "PUB c 0"]);
  });
});

Deno.test("FastLine tells of refusals before the answer to what was asked behind them", () =>
  stage({ answer: strict }, async ({ line, steps, listener }) => {
    line.writer.publish(publish("no"));
    await line.flush(() => steps.push("answered"));
    assertEquals(steps.map((step) => step.split(" ")[0]), ["said", "answered"]);
    steps.length = 0;
    line.subscribe(listener("no"));
    await line.flush(() => steps.push("answered"));
    assert(steps.includes("refused no"));
    assertStrictEquals(steps.at(-1), "answered");
  }));

Deno.test("FastLine tells of what cannot be read, and ends", () =>
  stage({ answer: agree }, async ({ server, line, steps }) => {
    await server.say("MSG a 1 nothing\r\n");
    await until("it has ended", () => !line.isOpen);
    assertEquals(steps.map((step) => step.split(" ")[0]), ["failed", "ended"]);
    await assertRejects(() => line.flush(() => {}), Error, "closed");
    await assertRejects(() => line.ping(), Error, "closed");
  }));

Deno.test("FastLine tells once of its end, and what the server has said last is known beyond it", () =>
  stage({ answer: agree }, async ({ server, line, steps }) => {
    await server.say(infoWith({ ldm: true, connect_urls: ["127.0.0.1:8"] }));
    await until("it is told", () => steps.includes("leaving"));
    const asked = line.flush(() => steps.push("answered"));
    asked.catch(() => {});
    server.cut();
    await until("it has ended", () => !line.isOpen);
    await line.close();
    assertEquals(steps.filter((step) => step === "ended").length, 1);
    assertEquals(line.info?.connect_urls, ["127.0.0.1:8"]);
  }));

Deno.test("FastLine drops what could not be answered, and tells of it", () =>
  stage({ answer: agree }, async ({ server, line, steps, listener }) => {
    const { sid } = line.subscribe(listener("a"));
    await server.say(`MSG a ${sid} x.> 1\r\n1\r\nMSG a ${sid} r 1\r\n2\r\n`);
    await until("the other has come", () => steps.length > 1);
    assertEquals(steps, ["invalidReplyAddress x.>", "a: 2"]);
  }));

Deno.test("FastSubscription.drain() takes what was on its way, and is done where the line ends", () => {
  const answer = (line: string) => line.startsWith("UNSUB") ? "MSG a 1 4\r\nlast\r\n" : agree(line);
  return stage({ answer }, async ({ server, line, steps, listener }) => {
    await line.subscribe(listener("a")).drain();
    assertEquals(steps, ["a: last"]);
    const other = line.subscribe(listener("b"));
    await line.flush(() => {});
    server.script = { answer: () => "" };
    const drained = other.drain();
    server.cut();
    await within("it is drained", drained);
  });
});
