/**
 * Publishes numbered messages and makes requests at a steady rate while servers are killed, stand still or fail over,
 * sockets are cut or stall, the outbox is full and the clock jumps. What `publish()` took while disconnected must arrive,
 * whatever is lost must have been told of by a `disconnected` event, nothing comes twice or out of order, and every
 * request settles within its time and is handled once at most. The sessions go through faults of their own, and the bare
 * client through an outage beside the broker, for comparison. One table is the result; the same seed does the same faults.
 *
 * Core NATS gives nothing to a subscriber that is not there. So where a fault disconnects those who listen as well, the
 * publisher's way to the server, a proxy, stays closed until they are subscribed again; and in the cluster a reader stays
 * at each node, and a message counts as delivered when any of them got it.
 *
 * ```sh
 * deno task chaos --seed 1 --only cuts --quick
 * ```
 *
 * @module
 */
import { NatsBroker } from "@signalbox/nats";
import { conditions, told } from "../bench/conditions.ts";
import { markdownTable } from "../support/markdown_table.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { type Part, partsOf, type Shown } from "./chaos/parts.ts";
import { cellsOf, COLUMNS } from "./chaos/row.ts";
import { readOptions } from "./options.ts";

/** What the parts depend on, in one line. */
async function circumstances(): Promise<string> {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  return told(await conditions(server));
}

function chosen(parts: readonly Part[], only: string): readonly Part[] {
  const found = parts.filter(({ name }) => only === "all" || name.split(" ").includes(only));
  if (found.length > 0) return found;
  const names = parts.map(({ name }) => name).join(", ");
  throw new TypeError(`Cannot begin as "--only" must be a word of ${names}: "${only}"`);
}

async function run({ name, run }: Part): Promise<Shown> {
  console.error(`${name} …`);
  const began = performance.now();
  const shown = await run().catch((error): Shown => ({
    rows: [{ fault: name }],
    broken: [Deno.inspect(error)],
  }));
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.error(`${name}: ${shown.broken.length === 0 ? "held" : "broken"}, ${seconds} s`);
  for (const sentence of shown.broken) console.error(`  ${sentence}`);
  return shown;
}

if (import.meta.main) {
  try {
    const isQuick = Deno.args.includes("--quick");
    const args = Deno.args.filter((argument) => argument !== "--quick");
    const { seed, only } = readOptions(args, { seed: 1, only: "all" });
    const parts = chosen(partsOf(seed, isQuick), only);
    const line = await circumstances();
    const shown: Shown[] = [];
    for (const part of parts) shown.push(await run(part));
    console.log(`seed ${seed}${isQuick ? ", quick" : ""}, ${line}\n`);
    console.log(markdownTable(COLUMNS, shown.flatMap(({ rows }) => rows.map(cellsOf))));
    if (shown.some(({ broken }) => broken.length > 0)) Deno.exitCode = 1;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
