import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";
import { withBystander } from "./bystander.ts";

const RULE = "part by part";

/** Endless parts without a wait, as a handler of any shape may give them. */
class Endless {
  started = 0;
  parts = 0;
  ended = 0;

  readonly generator = async function* (this: Endless) {
    this.started++;
    try {
      for (;;) yield this.parts++;
    } finally {
      this.ended++;
    }
  }.bind(this);

  readonly iterable = () => ({
    [Symbol.asyncIterator]: () => {
      this.started++;
      return {
        next: () => Promise.resolve({ done: false, value: this.parts++ }),
        return: () => {
          this.ended++;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
    },
  });
}

async function attacked(server: Backend, attack: (other: NatsBroker) => Promise<unknown>) {
  const other = server.broker();
  await other.connect();
  await withBystander(server.url, "bystander.echo", async () => {
    await attack(other);
    await other.flush();
    await delay(500);
  });
}

onEveryServer(
  "NatsBroker.subscriber() makes no parts of an endless stream for a message that asks for no reply",
  async (server) => {
    const broker = server.broker();
    const endless = new Endless();
    broker.subscriber("bystander.echo", ({ body }) => body);
    broker.subscriber("count.{from}", endless.generator);
    broker.subscriber("iterate.{from}", endless.iterable);
    broker.subscriber("silent", { noReply: true }, endless.generator);
    await broker.start();
    const seen = recorded(broker);
    await attacked(server, async (other) => {
      await other.publish("count.7", "", { correlationId: "seven" });
      await other.publish("iterate.7", "");
      await other.publish("silent", "");
      await other.publish("silent", "", { replyTo: await other.newInbox() });
    });
    assertEquals(endless.parts, 0);
    const errors = await until("all are reported", () => {
      const errors = seen.filter((event) => event.type === "error");
      return errors.length === 4 && errors;
    });
    assert(errors.every(({ error }) => error.message.includes(RULE)));
    const { subject, pattern, correlationId } = errors[0]!;
    assertEquals([subject, pattern, correlationId], ["count.7", "count.{from}", "seven"]);
  },
);

onEveryServer(
  "NatsBroker.subscriber() lets the event loop turn, whatever gives endless parts to publish",
  async (server) => {
    const broker = server.broker();
    const endless = new Endless();
    broker.subscriber("bystander.echo", ({ body }) => body);
    broker.subscriber("count.{from}", { publishTo: "counted.{from}" }, endless.generator);
    broker.subscriber("iterate.{from}", { publishTo: "counted.{from}" }, endless.iterable);
    await broker.start();
    await attacked(server, async (other) => {
      await other.publish("count.7", "");
      await other.publish("iterate.7", "");
    });
    await until("both are at work", () => endless.started === 2 && endless.parts > 0);
    await broker.stop({ timeout: 100 });
    await until("both have ended", () => endless.ended === 2);
  },
);

onEveryServer(
  "NatsBroker.requestStream() is served after more messages without a reply than there may be streams",
  async (server) => {
    const broker = server.broker();
    let atWork = 0;
    const paced = async function* () {
      atWork++;
      try {
        for (let n = 0;; n++) {
          yield n;
          await delay(20);
        }
      } finally {
        atWork--;
      }
    };
    broker.subscriber("paced", { maxStreams: 10 }, paced);
    broker.subscriber("told", { maxStreams: 10, publishTo: "elsewhere" }, paced);
    await broker.start();
    const other = server.broker();
    await other.connect();
    for (let n = 0; n < 50; n++) {
      void other.publish("paced", "");
      void other.publish("told", "");
    }
    await other.flush();
    for (const subject of ["paced", "told"]) {
      const bodies = [];
      for await (const { body } of other.requestStream(subject)) {
        if (bodies.push(body) === 3) break;
      }
      assertEquals(bodies, [0, 1, 2]);
    }
    await broker.stop({ timeout: 100 });
    await until("all have ended", () => atWork === 0);
  },
);

onEveryServer(
  "NatsBroker.subscriber() stops a stream within a second after its plain caller has gone",
  async (server) => {
    const broker = server.broker();
    const endless = new Endless();
    let aborted: unknown;
    let left = 0;
    broker.subscriber("count.{from}", endless.generator);
    broker.subscriber("paced", async function* ({ signal }) {
      signal.addEventListener("abort", () => aborted = signal.reason);
      try {
        for (let n = 0;; n++) {
          yield n;
          await delay(50);
        }
      } finally {
        left++;
      }
    });
    await broker.start();
    const other = server.broker();
    await other.connect();
    for (const subject of ["count.7", "paced"]) {
      const inbox = await other.openInbox();
      await other.publish(subject, "", { replyTo: inbox.subject });
      assert(await inbox.next({ timeout: 10_000 }));
      const reading = Array.fromAsync(inbox);
      await delay(400);
      assertEquals(subject === "paced" ? left : endless.ended, 0);
      await inbox.close();
      await reading;
    }
    await until("both have ended", () => left === 1 && endless.ended === 1, { timeout: 6_000 });
    assertEquals((aborted as Error).name, "LinkError");
    const { parts } = endless;
    await delay(100);
    assertEquals(endless.parts, parts);
  },
);

onEveryServer(
  "NatsBroker.subscriber() lets timers fire while handlers that never wait work off a backlog",
  async (server) => {
    const broker = server.broker();
    let handled = 0;
    broker.subscriber("work", { concurrency: 1 }, async () => {
      const until = performance.now() + 1;
      while (performance.now() < until);
      await undefined;
      handled++;
    });
    await broker.start();
    const other = server.broker();
    await other.connect();
    for (let n = 0; n < 500; n++) void other.publish("work", n);
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    await until("all is handled", () => handled === 500);
    clearInterval(timer);
    assert(fired > 10, `${fired} timers fired`);
  },
);
