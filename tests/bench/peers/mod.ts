/**
 * Measures ours beside its peers: a service that is asked, messages that are published, and, of those that have it,
 * streams, buckets and objects, each as its own docs write it, in a process of its own on its own runtime, all on one
 * server.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/bench/peers/mod.ts [--quick] [--only NAME] [--json FILE] \
 *   [--stored] [--storage file] [--megabytes 8]
 * ```
 *
 * With `--stored` it is streams, buckets and objects alone, in memory or, with `--storage file`, on disk; an object has
 * 64 MB, or as many as `--megabytes` says. Who cannot be installed here is left out, and why is said.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { NatsBroker } from "../../../mod.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import type { Standing } from "./contender.ts";
import { Field, type Rounds } from "./field.ts";
import { type PlaceOptions, Places } from "./places.ts";
import { ROSTER } from "./roster.ts";
import { storedTasks } from "./stored_tasks.ts";
import { LEGEND, table } from "./table.ts";
import { type Task, tasks } from "./task.ts";

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
  /** Whether only streams, buckets and objects are measured. */
  readonly storedOnly?: boolean;
  readonly places?: PlaceOptions;
}

// Even: each goes as often before the others as after them.
const QUICK: Rounds = { rounds: 6, length: 200 };
const THOROUGH: Rounds = { rounds: 16, length: 400 };

const PLACES: PlaceOptions = { storage: "memory", megabytes: 64 };

/** Measures everyone who can be had, in turn; gives the tables, and a sentence for each who cannot. */
export async function peers(options: PeersOptions): Promise<string> {
  const { quick, server, only = "", json, storedOnly = false, places = PLACES } = options;
  const roster = ROSTER.filter(({ name, stores = !storedOnly }, at) =>
    at === 0 || (stores && name.includes(only))
  );
  await using broker = new NatsBroker(server, { logger: false });
  const core = tasks(broker.subscriber("peers.*.last"));
  await broker.start();
  await using field = await Field.gather(roster, server);
  const stored = storedTasks(new Places(broker, places));
  const standings: Standing[] = [];
  const tables: string[] = [];
  for (const work of storedOnly ? [stored] : [core, stored]) {
    const found = await field.compete(work, quick ? QUICK : THOROUGH);
    standings.push(...found);
    tables.push(tableOf(work, found));
  }
  const { missing } = field;
  if (json) await Deno.writeTextFile(json, JSON.stringify({ standings, missing }, null, 2));
  return [LEGEND, ...tables, ...missing].join("\n\n");
}

/** Without those that have nothing of it. */
function tableOf(work: readonly Task[], standings: readonly Standing[]): string {
  const able = standings.filter(({ scores }) => scores.some((score) => score));
  return table(work.map(({ name }) => name), able);
}

function placesFrom(storage: string, megabytes: number): PlaceOptions {
  if (storage !== "memory" && storage !== "file") {
    throw new TypeError(`Cannot measure as --storage must be memory or file: "${storage}"`);
  }
  if (!Number.isSafeInteger(megabytes) || megabytes < 1) {
    throw new TypeError(`Cannot measure as --megabytes must be a whole number: ${megabytes}`);
  }
  return { storage, megabytes };
}

if (import.meta.main) {
  const { quick = false, only, json, stored: storedOnly = false, storage, megabytes } = parseArgs({
    args: Deno.args,
    options: {
      quick: { type: "boolean" },
      only: { type: "string" },
      json: { type: "string" },
      stored: { type: "boolean" },
      storage: { type: "string", default: PLACES.storage },
      megabytes: { type: "string", default: String(PLACES.megabytes) },
    },
  }).values;
  const places = placesFrom(storage, Number(megabytes));
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  console.log(await peers({ quick, server: server.url, only, json, storedOnly, places }));
}
