/**
 * Measures ours beside its peers: a service that is asked, and messages that are published, each as its own docs
 * write it, in a process of its own on its own runtime, all on one server.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/bench/peers/mod.ts [--quick] [--only NAME] [--json FILE]
 * ```
 *
 * Who cannot be installed here is left out, and why is said.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { NatsBroker } from "../../../mod.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { Field, type Rounds } from "./field.ts";
import { ROSTER } from "./roster.ts";
import { LEGEND, table } from "./table.ts";
import { tasks } from "./task.ts";

/** What is measured, and how thoroughly. */
export interface PeersOptions {
  /** Takes a minute instead of four. */
  readonly quick: boolean;
  /** The URL of the server that all of them use. */
  readonly server: string;
  /** A part of the names of those that ours is compared with; all of them without it. */
  readonly only?: string | undefined;
  /** The file that gets every round of everyone. */
  readonly json?: string | undefined;
}

// Even: each goes as often before the others as after them.
const QUICK: Rounds = { rounds: 6, length: 200 };
const THOROUGH: Rounds = { rounds: 16, length: 400 };

/** Measures everyone who can be had, in turn; gives one table, and a sentence for each who cannot. */
export async function peers({ quick, server, only = "", json }: PeersOptions): Promise<string> {
  const roster = ROSTER.filter(({ name }, at) => at === 0 || name.includes(only));
  await using broker = new NatsBroker(server, { logger: false });
  const work = tasks(broker.subscriber("peers.*.last"));
  await broker.start();
  await using field = await Field.gather(roster, server);
  const standings = await field.compete(work, quick ? QUICK : THOROUGH);
  const { missing } = field;
  if (json) await Deno.writeTextFile(json, JSON.stringify({ standings, missing }, null, 2));
  return [LEGEND, table(work.map(({ name }) => name), standings), ...missing].join("\n\n");
}

if (import.meta.main) {
  const { quick = false, only, json } = parseArgs({
    args: Deno.args,
    options: { quick: { type: "boolean" }, only: { type: "string" }, json: { type: "string" } },
  }).values;
  await using server = await NatsServer.start();
  console.log(await peers({ quick, server: server.url, only, json }));
}
