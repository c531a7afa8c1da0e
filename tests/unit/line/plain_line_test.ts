import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { Listener } from "../../../src/line/line.ts";
import { PlainLine } from "../../../src/line/plain_line.ts";
import { until } from "../../support/nats_server/until.ts";
import { agree, infoWith, type Script, ScriptedServer } from "../../support/scripted_server.ts";
import { within } from "../../support/within.ts";
import { noted, publish, strict } from "./noted.ts";

/** A plain line to a server that a test plays; `steps` notes what becomes of it, in order. */
async function stage(script: Script, use: (parts: Stage) => Promise<void>): Promise<void> {
  await using server = ScriptedServer.start(script);
  const servers = server.url.slice("nats://".length);
  const client = await connect({
    servers,
    reconnect: false,
    resolve: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
  });
  const { steps, watch, listener } = noted();
  const line = new PlainLine(client, watch);
  try {
    await use({ server, client, line, steps, listener });
  } finally {
    await line.close();
  }
}

interface Stage {
  readonly server: ScriptedServer;
  readonly client: NatsConnection;
  readonly line: PlainLine;
  readonly steps: string[];
  listener(subject: string, queue?: string): Listener;
}

Deno.test("PlainLine.ask() is answered once all refusals before it are told", () =>
  stage({ answer: strict }, async ({ line, steps }) => {
    for (let n = 1; n <= 5; n++) {
      for (let count = 0; count < n; count++) line.writer.publish(publish("no"));
      await line.flush(() => steps.push("answered"));
      const words = `said server responded with: 'Permissions Violation for Publish to "no"'`;
      const told = steps.splice(0).map((step) => step.startsWith("said") ? words : step);
      assertEquals(told, [...Array(n).fill(words), "answered"]);
    }
  }));

Deno.test("PlainLine.ask() is answered behind the refusal of a subscription", () =>
  stage({ answer: strict }, async ({ line, steps, listener }) => {
    line.subscribe(listener("no"));
    await line.flush(() => steps.push("answered"));
    assertStrictEquals(steps.at(-1), "answered");
    assertStrictEquals(steps.includes("refused no"), true);
  }));

Deno.test("PlainLine.ask() waits for all that was published before it", () => {
  const seen: string[] = [];
  const answer = (line: string) => {
    if (/^(?:PUB|PING)/.test(line)) seen.push(line);
    return agree(line);
  };
  return stage({ answer }, async ({ line }) => {
    for (let n = 0; n < 20; n++) line.writer.publish(publish(`a.${n}`, 50_000));
    await line.flush(() => seen.push("answered"));
    assertEquals(seen.filter((words) => words.startsWith("PUB")).length, 20);
    assertEquals(seen.slice(-2), ["PING", "answered"]);
  });
});

Deno.test("PlainLine.ping() does not wait for what waits to be written", () => {
  let isHeld = false;
  const answer = (line: string) => line === "PING" && isHeld ? "" : agree(line);
  return stage({ answer }, async ({ line, server }) => {
    isHeld = true;
    for (let n = 0; n < 20; n++) line.writer.publish(publish(`a.${n}`, 50_000));
    const probed = line.ping();
    const asked = line.flush(() => {});
    asked.catch(() => {});
    await until("it is asked", () => line.writer.sentMessages > 0);
    await server.say("PONG\r\n".repeat(3));
    await within("it is answered", probed);
    assertStrictEquals(line.writer.sentBytes < line.writer.acceptedBytes, true);
  });
});

Deno.test("PlainLine.ask() rejects where the line ends before the answer, or has ended", () =>
  stage({ answer: (line) => line === "PUB end 0" ? undefined : agree(line) }, async (parts) => {
    const { line, steps, server } = parts;
    server.script = { answer: () => "" };
    line.writer.publish(publish("end"));
    const asked = line.flush(() => steps.push("answered"));
    await assertRejects(() => asked, Error, "the connection was closed");
    await assertRejects(() => line.flush(() => steps.push("answered")), Error, "closed");
    await assertRejects(() => line.ping(), Error, "closed");
    assertEquals([steps, line.isOpen], [["ended"], false]);
  }));

Deno.test("PlainLine.leave() tells once that it has ended, and nothing afterwards", () =>
  stage({ answer: agree }, async ({ line, steps, server }) => {
    await line.close();
    await server.say(infoWith({ connect_urls: ["127.0.0.1:7"] }));
    await line.close();
    assertEquals([steps, line.isOpen], [["ended"], false]);
  }));

Deno.test("PlainLine.info is what the server has said last, beyond the end, and it tells of one that leaves", () =>
  stage({ answer: agree }, async ({ line, steps, server }) => {
    await server.say(infoWith({ connect_urls: ["127.0.0.1:7"] }));
    await line.flush(() => {});
    await server.say(infoWith({ ldm: true, connect_urls: ["127.0.0.1:8"] }));
    await until("it is told", () => steps.includes("leaving"));
    await line.close();
    assertEquals(line.info?.connect_urls, ["127.0.0.1:8"]);
  }));

Deno.test("PlainLine hands on what comes, and drops what could not be answered", () =>
  stage({ answer: agree }, async ({ line, steps, server, listener }) => {
    const { sid } = line.subscribe(listener("a"));
    await line.flush(() => {});
    await server.say(`MSG a ${sid} 1\r\n1\r\nMSG a ${sid} x.> 1\r\n2\r\nMSG a ${sid} r 1\r\n3\r\n`);
    await until("both have come", () => steps.includes("a: 3"));
    assertEquals(steps, ["a: 1", "invalidReplyAddress x.>", "a: 3"]);
  }));

Deno.test("PlainLine.subscribe() tells the server of a queue, and of the end once", () => {
  const seen: string[] = [];
  const answer = (line: string) => {
    if (/SUB/.test(line)) seen.push(line);
    return agree(line);
  };
  return stage({ answer }, async ({ line, listener }) => {
    const ticket = line.subscribe(listener("a", "workers"));
    ticket.unsubscribe();
    ticket.unsubscribe();
    await ticket.drain();
    await line.flush(() => {});
    assertEquals(seen, [`SUB a workers ${ticket.sid}`, `UNSUB ${ticket.sid}`]);
  });
});

Deno.test("PlainSubscription.drain() takes what was on its way before it ends", () => {
  const answer = (line: string) => line.startsWith("UNSUB") ? "MSG a 1 4\r\nlast\r\n" : agree(line);
  return stage({ answer }, async ({ line, steps, listener }) => {
    await line.subscribe(listener("a")).drain();
    assertEquals(steps, ["a: last"]);
  });
});

Deno.test("PlainSubscription.drain() is done where the line ends before the server has answered", () =>
  stage({ answer: agree }, async ({ line, server, listener }) => {
    const ticket = line.subscribe(listener("a"));
    await line.flush(() => {});
    server.script = { answer: () => "" };
    const drained = ticket.drain();
    server.cut();
    await within("it is drained", drained);
    await within("it is drained", ticket.drain());
  }));

Deno.test("PlainLine.subscribe() throws nothing where the client has closed, before it tells of that", () =>
  stage({ answer: agree }, async ({ client, line, listener }) => {
    const waiting = line.flush(() => {}).catch(() => {});
    const behind = line.subscribe(listener("behind"));
    const closed = client.close();
    const late = line.subscribe(listener("late"));
    await closed;
    await waiting;
    late.unsubscribe();
    await behind.drain();
    assertEquals([behind.sid, late.sid], [undefined, undefined]);
  }));

Deno.test("PlainLine.subscribe() throws nothing where the client is closed", () =>
  stage({ answer: agree }, async ({ client, line, listener }) => {
    await client.close();
    const ticket = line.subscribe(listener("late"));
    await ticket.drain();
    assertEquals(ticket.sid, undefined);
  }));
