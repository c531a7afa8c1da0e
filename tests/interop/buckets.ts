/**
 * Writes and reads buckets with other clients, both ways, on nats-server and on the embedded server: one line for each
 * client, those that are named, or all. The first time they come from their registries, and need python3 or go; one that
 * cannot be had is named, and the exit code is 77.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/buckets.ts [nats.js …]
 * ```
 *
 * @module
 */

import { NatsBroker } from "@signalbox/nats";
import { type Bucket, kv } from "@signalbox/nats/kv";
import { assertEquals } from "@std/assert";
import { until } from "../support/nats_server/until.ts";
import { ClientPeer, type PeerProgram } from "./client_peer.ts";
import { clients } from "./jetstream/clients/clients.ts";
import { findPython } from "./python.ts";
import { tryClients } from "./try_clients.ts";

const HERE = new URL("./buckets/", import.meta.url).pathname;

const PROGRAMS: Readonly<Record<string, () => Promise<PeerProgram>>> = {
  "nats.js": () => {
    // outside of the project, whose configuration has another client
    const outside = ["--no-config", "--no-lock", "--no-check", "--quiet"];
    const args = ["run", "-A", ...outside, `${HERE}nats_js.ts`];
    return Promise.resolve({ command: Deno.execPath(), args });
  },
  FastStream: async () => ({ command: await findPython(), args: [`${HERE}faststream_buckets.py`] }),
  "nats CLI": async () => {
    const { env } = await clients["nats CLI"]!();
    return { command: "sh", args: [`${HERE}nats_cli.sh`], ...env && { env } };
  },
};

/** What is put in a bucket that the client has made, by either side, the other reads. */
async function inTheirs(peer: ClientPeer, broker: NatsBroker): Promise<void> {
  assertEquals(await peer.do("make", "theirs"), "made");
  const bucket = kv(broker, "theirs");
  const live = await bucket.mirror().ready;
  const changes: string[] = [];
  const reader = await bucket.changes().open();
  const read = (async () => {
    for await (const { change } of reader) changes.push(`${change.key} ${change.kind}`);
  })();
  await peer.do("put", "theirs", "eu.tea", '{"chf":4}');
  await peer.do("put", "theirs", "eu.milk", "plain text");
  await peer.do("put", "theirs", "eu.rice", "7");
  await peer.do("delete", "theirs", "eu.milk");
  await peer.do("purge", "theirs", "eu.rice");
  assertEquals((await bucket.get("eu.tea"))?.value, { chf: 4 });
  assertEquals((await bucket.entry("eu.milk"))?.kind, "delete");
  assertEquals((await bucket.entry("eu.rice"))?.kind, "purge");
  assertEquals(await Array.fromAsync(bucket.keys()), ["eu.tea"]);
  await until("all changes have come", () => changes.length === 5);
  assertEquals([...live], [["eu.tea", { chf: 4 }]]);
  assertEquals(changes.slice(3), ["eu.milk delete", "eu.rice purge"]);
  await reader.close();
  await read;
  await bothChange(peer, bucket, "theirs");
}

/** The same in a bucket that we have made. */
async function inOurs(peer: ClientPeer, broker: NatsBroker): Promise<void> {
  const bucket = kv(broker, "ours", { declare: "create", history: 5, batch: true, keyTtl: true });
  await bucket.put("eu.tea", { chf: 5 });
  await bucket.put("eu.tea", { chf: 6 });
  await bucket.put("eu.text", "a text");
  await bucket.put("eu.none", 1, { ttl: "1h" });
  await bucket.batch((batch) => batch.put("a", 1).put("b", 2).delete("eu.none"));
  assertEquals(await peer.do("get", "ours", "eu.tea"), '{"chf":6}');
  assertEquals(await peer.do("get", "ours", "eu.text"), "a text");
  assertEquals(await peer.do("get", "ours", "eu.none"), "none");
  assertEquals(await peer.do("get", "ours", "b"), "2");
  assertEquals(await peer.do("keys", "ours"), "a b eu.tea eu.text");
  await bucket.purge("eu.text");
  assertEquals(await peer.do("get", "ours", "eu.text"), "none");
  await bothChange(peer, bucket, "ours");
}

async function bothChange(peer: ClientPeer, bucket: Bucket, name: string): Promise<void> {
  const key = "eu.both";
  const first = await bucket.create(key, 1);
  await peer.do("put", name, key, "2");
  await bucket.change(key, (old) => Number(old) + 1);
  assertEquals(await peer.do("get", name, key), "3");
  await peer.do("delete", name, key);
  const again = await bucket.create(key, 4);
  assertEquals(again > first, true);
  assertEquals(await peer.do("history", name, key), "PUT PUT PUT DEL PUT");
  const kinds = await Array.fromAsync(bucket.history(key), ({ kind }) => kind);
  assertEquals(kinds, ["put", "put", "put", "delete", "put"]);
}

/** Gives whether a client and we understand each other on a server. */
async function understands(name: string, program: PeerProgram, url: string): Promise<boolean> {
  await using broker = new NatsBroker(url, { logger: false });
  const peer = new ClientPeer(program, url);
  try {
    await broker.start();
    await inTheirs(peer, broker);
    await inOurs(peer, broker);
    console.log(`ok - ${name}`);
    return true;
  } catch (error) {
    console.log(`not ok - ${name}`);
    console.log(`${(error as Error).stack}`.replaceAll(/^/gm, "#   "));
    return false;
  }
}

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(PROGRAMS);
  Deno.exit(await tryClients(names, PROGRAMS, understands));
}
