/**
 * Checks on a real nats-server that FastStream, in Python, and a broker understand each other: one line for each
 * check, and the exit code says whether all held. Needs python3 and, the first time, a package index; without
 * them it ends with code 77.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/faststream.ts [--record]
 * ```
 *
 * With `--record`, if all held, it writes down what both put on the wire, for `tests/server/faststream_frames_test.ts`.
 *
 * @module
 */

import { NatsBroker } from "@signalbox/nats";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { bodies } from "./checks/bodies.ts";
import type { Check, Scene } from "./checks/check.ts";
import { envelopes } from "./checks/envelopes.ts";
import { inboxes } from "./checks/inboxes.ts";
import { requests } from "./checks/requests.ts";
import { serve } from "./handlers.ts";
import { Peer } from "./peer.ts";
import { findPython, Unavailable } from "./python.ts";
import { record } from "./record.ts";

const CHECKS: readonly Check[] = [...bodies, ...envelopes, ...requests, ...inboxes];
const FAILED = 1;
const UNAVAILABLE = 77;

/** Gives the exit code, once everything that was started has ended. */
async function main(recording: boolean): Promise<number> {
  const python = await findPython();
  await using server = await NatsServer.start();
  await using peer = await Peer.start(python, server.url);
  await using broker = new NatsBroker(server.url, { logger: false, inboxPrefix: "_OURS" });
  serve(broker);
  await broker.start();

  const versions = Object.entries(peer.versions).map(([name, version]) => `${name} ${version}`);
  console.log(`# ${["nats-server " + server.version, ...versions].join(", ")}`);
  const scene = { broker, peer, url: server.url };
  let held = 0;
  for (const check of CHECKS) if (await holds(check, scene)) held++;
  console.log(`# ${held} of ${CHECKS.length} held`);
  if (held < CHECKS.length) return FAILED;
  if (recording) console.log(`# ${await record(scene)} frames recorded`);
  return 0;
}

async function holds({ name, run }: Check, scene: Scene): Promise<boolean> {
  try {
    await within(run(scene));
    console.log(`ok - ${name}`);
    return true;
  } catch (error) {
    console.log(`not ok - ${name}`);
    console.log(String(error).replace(/^/gm, "#   "));
    return false;
  } finally {
    // what a check that failed has left there must not be taken for the next one's
    await scene.peer.heard(0);
  }
}

/** A message that never comes must not keep everything else from its turn. */
async function within(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it took longer than 10 s")), 10_000);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

if (import.meta.main) {
  const code = await main(Deno.args.includes("--record")).catch((error) => {
    console.error(error instanceof Unavailable ? error.message : error);
    return error instanceof Unavailable ? UNAVAILABLE : FAILED;
  });
  Deno.exit(code);
}
