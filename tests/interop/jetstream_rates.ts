/**
 * How fast the embedded server is for nats.js, unchanged, beside nats-server: messages a second that are published and
 * pulled, each acknowledged, as medians of runs in turn. It fails where one of both is less than the least there is to be.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/jetstream_rates.ts
 * ```
 *
 * @module
 */

import { EmbeddedServer } from "@signalbox/nats/testing";
import { NatsServer } from "../support/nats_server/nats_server.ts";

interface Rates {
  readonly publish: number;
  readonly pull: number;
}

const PROGRAM = new URL("jetstream/clients/nats_js_rates.ts", import.meta.url).pathname;
const RUNS = 3;
const LEAST = 0.3;

async function measure(starting: Promise<NatsServer | EmbeddedServer>): Promise<Rates> {
  await using server = await starting;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--no-lock", "--no-check", "--quiet", PROGRAM, server.url],
    cwd: "/",
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot measure nats.js: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]!;
}

const config = 'jetstream: { store_dir: "streams" }';
const [theirs, ours]: [Rates[], Rates[]] = [[], []];
for (let i = 0; i < RUNS; i++) {
  theirs.push(await measure(NatsServer.start({ config })));
  ours.push(await measure(EmbeddedServer.start()));
}
for (const work of ["publish", "pull"] as const) {
  const [wanted, got] = [theirs, ours].map((rates) => median(rates.map((rate) => rate[work])));
  const ratio = got! / wanted!;
  console.log(`${work}: ${got} of ${wanted} a second, ${ratio.toFixed(2)} of nats-server`);
  if (ratio < LEAST) Deno.exitCode = 1;
}
