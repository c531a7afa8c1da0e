import { type BrokerEvent, type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { Crashes } from "../../support/crashes.ts";
import { until } from "../../support/nats_server/until.ts";
import { usedMemory } from "../../support/memory.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { meanwhile } from "../../support/within.ts";
import { ask } from "./asking.ts";
import { FuzzProxy } from "./fuzz_proxy.ts";
import { Quiet } from "./quiet.ts";
import { CALM, serve, STORM } from "./work.ts";

/** How much is done, and how roughly. */
export interface FuzzPlan {
  readonly seed: number;
  readonly rounds: number;
  /** One chunk in so many is not left alone. */
  readonly every: number;
  /** What the bytes go through. */
  readonly transport: "tcp" | "webSocket";
}

/** What came of it. */
export interface FuzzResult {
  readonly line: string;
  /** What should not have been. */
  readonly faults: readonly string[];
}

/** Longer than a loaded machine keeps anyone waiting: a connection that is left in the calm takes requests with it. */
const OPTIONS: BrokerOptions = {
  logger: false,
  pingInterval: 2_000,
  connectTimeout: 2_000,
  waitOnFirstConnect: true,
  reconnect: { minDelay: 5, maxDelay: 50 },
};
/** What the first rounds leave behind is there to stay: compiled code, pools, caches; for long that grows, ever slower. */
const WARM_UP = { rounds: 5, part: 0.5 };
/** Bytes that a round may leave, measured over all of them. */
const KEPT = 2 ** 20;

/** Works through storms, and sees after each that everything is well again. */
export async function fuzz({ seed, rounds, every, transport }: FuzzPlan): Promise<FuzzResult> {
  using crashes = new Crashes();
  using quiet = new Quiet();
  await using server = await NatsServer.start({ webSocket: transport === "webSocket" });
  await using proxy = new FuzzProxy(portOf(server, transport), { seed, every, transport });
  await using service = new NatsBroker(proxy.url, OPTIONS);
  await using client = new NatsBroker(proxy.url, OPTIONS);
  const events = new Map<string, number>();
  const faults: string[] = [];
  for (const broker of [service, client]) watch(broker, events, faults);
  serve(service);
  await service.start();
  await client.connect();
  const told = new Map<string, number>();
  const warmUp = Math.max(WARM_UP.rounds, Math.floor(rounds * WARM_UP.part));
  let [given, before] = [0, usedMemory()];
  for (let round = 1; round <= rounds + warmUp && faults.length < 10; round++) {
    proxy.storm();
    const outcome = await ask(client, 3, STORM);
    given += outcome.given;
    faults.push(...outcome.faults.map((fault) => `round ${round}, ${fault}`));
    for (const [name, times] of outcome.told) told.set(name, (told.get(name) ?? 0) + times);
    proxy.calm();
    await recovered(client, service).catch((error) => faults.push(`round ${round}: ${error}`));
    const { unwell } = await ask(client, 3, CALM);
    faults.push(...unwell.map((fault) => `round ${round} is not well after it: ${fault}`));
    if (round === warmUp) before = usedMemory();
  }
  const grown = usedMemory() - before;
  if (grown > KEPT) faults.push(`${grown} bytes are kept`);
  faults.push(...crashes.found.map((crash) => `crash: ${crash}`));
  const parts = [
    `${given} given`,
    shown(told),
    shown(proxy.done),
    shown(events),
    `${quiet.unread} unread`,
  ];
  return {
    line: `${transport}, seed ${seed}: ${[...parts, `${grown} bytes more`].join("; ")}`,
    faults,
  };
}

/** Both have been told of the cut, are connected again, and the server has what they listen on. */
async function recovered(...brokers: readonly NatsBroker[]): Promise<void> {
  await until("both must be back", async () => {
    const pings = await Promise.allSettled(brokers.map((broker) => broker.ping({ timeout: 500 })));
    return pings.every(({ status }) => status === "fulfilled");
  });
  // what the storm has taken is told by the first flush behind it
  await Promise.allSettled(brokers.map((broker) => broker.flush()));
}

function portOf(server: NatsServer, transport: FuzzPlan["transport"]): number {
  return transport === "tcp" ? server.port : Number(new URL(server.webSocketUrl).port);
}

/** A broker that closes by itself has given up, which it must not. */
function watch(broker: NatsBroker, events: Map<string, number>, faults: string[]): void {
  const keep = (event: BrokerEvent) => {
    events.set(event.type, (events.get(event.type) ?? 0) + 1);
    if (event.type === "closed" && event.error) faults.push(`closed: ${event.error.stack}`);
  };
  meanwhile(async () => {
    for await (const event of broker.events()) keep(event);
  });
}

function shown(counts: ReadonlyMap<string, number>): string {
  return [...counts].sort().map(([name, times]) => `${name} ${times}`).join(", ") || "none";
}
