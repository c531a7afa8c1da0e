/**
 * Runs stock clients, unchanged, on nats-server and on the embedded server, and compares what they see of JetStream,
 * line by line, times and ids aside; those that are named, or all. The first time they come from their registries, and
 * need python3, go or cargo; one that cannot be had is named, and the exit code is 77.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/jetstream_clients.ts [nats-py …]
 * ```
 *
 * @module
 */

import { EmbeddedServer } from "@signalbox/nats/testing";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { clients, type Program } from "./jetstream/clients/clients.ts";
import { Unavailable } from "./python.ts";

const FAILED = 1;
const UNAVAILABLE = 77;
/** How long a program may take, in milliseconds, and how many differences are shown of it. */
const LIMIT = 120_000;
const SHOWN = 10;

/** What differs from run to run, and what a table makes of it. */
const ASIDE: readonly [RegExp, string][] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?/g, "<time>"],
  [/\b\d\d:\d\d:\d\d\b/g, "<time>"],
  [/\b(\d+h)?(\d+m)?\d+(\.\d+)?(ns|µs|ms|s)\b/g, "<duration>"],
  [/-embedded\b/g, ""],
  [/Leader: \S+/g, "Leader: <name>"],
  [/─+/g, "─"],
  [/[^\S\n]+/g, " "],
];

/** What a client saw, and whether its program came to its end. */
async function seenBy(program: Program, url: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(program.command, {
    args: [...program.args, url],
    ...program.cwd !== undefined && { cwd: program.cwd },
    env: { PYTHONDONTWRITEBYTECODE: "1", ...program.env },
    stdin: "null",
    signal: AbortSignal.timeout(LIMIT),
  }).output();
  const text = new TextDecoder().decode(stdout);
  const lines = ASIDE.reduce((plain, [what, word]) => plain.replaceAll(what, word), text)
    .trim().split("\n");
  return success ? lines : [...lines, `failed: ${new TextDecoder().decode(stderr).trim()}`];
}

/** Gives whether the client saw the same on both, and came to its end. */
async function compare(name: string, program: Program): Promise<boolean> {
  const wanted = await onServer(
    NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' }),
  );
  const seen = await onServer(EmbeddedServer.start());
  const isWhole = !wanted.at(-1)!.startsWith("failed: ");
  const differing = wanted.flatMap((line, i) => line === seen[i] ? [] : [[line, seen[i] ?? ""]]);
  const isSame = isWhole && differing.length === 0 && seen.length === wanted.length;
  console.log(`${isSame ? "ok" : "not ok"} - ${name} (${wanted.length} lines)`);
  if (!isWhole) console.log(`#   ${wanted.at(-1)}`);
  for (const [line, ours] of differing.slice(0, SHOWN)) {
    console.log(`#   nats-server: ${line}\n#   embedded:    ${ours}`);
  }
  return isSame;

  async function onServer(starting: Promise<NatsServer | EmbeddedServer>): Promise<string[]> {
    await using server = await starting;
    return await seenBy(program, server.url);
  }
}

/** Gives the exit code. */
async function main(names: readonly string[]): Promise<number> {
  let code = 0;
  for (const name of names) {
    const prepare = clients[name];
    if (!prepare) throw new TypeError(`Cannot try "${name}" as it must be a client that is known`);
    try {
      if (!await compare(name, await prepare())) code = FAILED;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(`not tried - ${name}: ${error.message}`);
      code ||= UNAVAILABLE;
    }
  }
  return code;
}

if (import.meta.main) {
  Deno.exit(await main(Deno.args.length > 0 ? Deno.args : Object.keys(clients)));
}
