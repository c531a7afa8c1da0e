/**
 * The broker and the bare client, nats.js, publish the same at the same moments, each through a way of its own that is
 * closed for two seconds: what did each take meanwhile, and what of that arrived?
 *
 * @module
 */
import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";
import { meanwhile } from "../support/within.ts";
import { type Fate, fateOf } from "./chaos/fate.ts";
import type { Heard } from "./chaos/heard.ts";
import { newsOf } from "./chaos/news.ts";
import { pace } from "./chaos/pace.ts";
import type { Accepted } from "./chaos/publishing.ts";
import { Reader } from "./chaos/reader.ts";
import { type Break, Sender } from "./chaos/sender.ts";

/** What one of the two did. */
export interface SideFate extends Fate {
  readonly duplicated: number;
  readonly disordered: number;
  readonly unconfirmed: number;
}

/** What both did, in so many seconds. */
export interface BesideBare {
  readonly ours: SideFate;
  readonly bare: SideFate;
  readonly seconds: number;
}

/** One of the two, as both are treated alike. */
interface Side {
  readonly subject: string;
  readonly breaks: readonly Break[];
  isDown(): boolean;
  publish(text: string): Promise<void> | void;
  /** Resolves once it is back, and the server has what it has sent. */
  recovered(): Promise<void>;
}

const SIZE = 64;
const RATE = 200;
/** Milliseconds before the outage, of it, and after it. */
const [BEFORE, OUTAGE, AFTER] = [500, 2_000, 500];

/** Has both publish every five milliseconds, and closes both ways for two seconds. */
export async function outageBesideBare(): Promise<BesideBare> {
  await using server = await NatsServer.start();
  await using ourWay = await Proxy.start(server.port);
  await using bareWay = await Proxy.start(server.port);
  await using reader = await Reader.open(server.url);
  await using sender = await Sender.open([ourWay.url]);
  await using client = await bareClient(bareWay.url);
  const sides = [ourSide(sender), bareSide(client)];
  const heard = sides.map(({ subject }) => reader.hear(subject, SIZE));
  await reader.settled();
  const accepted: Accepted[][] = sides.map(() => []);
  const over = new AbortController();
  const began = performance.now();
  const publishing = meanwhile(() =>
    pace(RATE, over.signal, async (number) => {
      await Promise.all(sides.map((side, at) => publish(side, number, accepted[at]!)));
    })
  );
  await delay(BEFORE);
  await closeFor(OUTAGE, [ourWay, bareWay]);
  await Promise.all(sides.map((side) => side.recovered()));
  await delay(AFTER);
  over.abort();
  await publishing;
  const seconds = (performance.now() - began) / 1_000;
  await Promise.all(sides.map((side) => side.recovered()));
  await reader.settled();
  const [ours, bare] = sides.map((side, at) => sideFate(side, accepted[at]!, heard[at]!));
  return { ours: ours!, bare: bare!, seconds };
}

async function bareClient(servers: string): Promise<NatsConnection> {
  return await connect({
    servers,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 0,
  });
}

function ourSide(sender: Sender): Side {
  const subject = "outage.ours";
  return {
    subject,
    breaks: sender.breaks,
    isDown: () => sender.isDown,
    publish: (text) => sender.broker.publish(subject, text),
    recovered: () => sender.recovered(),
  };
}

function bareSide(client: NatsConnection): Side {
  const subject = "outage.bare";
  const breaks: Break[] = [];
  let isDown = false;
  void (async () => {
    for await (const { type } of client.status()) {
      if (type === "disconnect") {
        isDown = true;
        breaks.push({ at: performance.now(), unconfirmed: 0 });
      } else if (type === "reconnect") isDown = false;
    }
  })();
  return {
    subject,
    breaks,
    isDown: () => isDown,
    publish: (text) => client.publish(subject, text),
    recovered: async () => {
      await until("the bare client must be back", () => !isDown);
      await client.flush();
    },
  };
}

async function publish(side: Side, number: number, accepted: Accepted[]): Promise<void> {
  const message = { number, at: performance.now(), isHeld: side.isDown() };
  await side.publish(newsOf(number, SIZE));
  accepted.push(message);
}

async function closeFor(milliseconds: number, ways: readonly Proxy[]): Promise<void> {
  await Promise.all(ways.map((way) => way.refuse()));
  for (const way of ways) way.cut();
  await delay(milliseconds);
  for (const way of ways) way.accept();
}

function sideFate({ breaks }: Side, accepted: readonly Accepted[], heard: Heard): SideFate {
  const { duplicated, disordered } = heard;
  const unconfirmed = breaks.reduce((sum, each) => sum + each.unconfirmed, 0);
  const fate = fateOf({ accepted, refused: new Map() }, [heard], breaks);
  return { ...fate, duplicated, disordered, unconfirmed };
}
