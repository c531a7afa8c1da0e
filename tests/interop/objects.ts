/**
 * Puts and reads objects with other clients, both ways, on nats-server and on the embedded server: one line for each
 * client, those that are named, or all. The first time they come from their registries, and need python3 or go; one that
 * cannot be had is named, and the exit code is 77.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/objects.ts [nats.js …]
 * ```
 *
 * @module
 */

import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { bytesOf, chunksIn, filesOn, readWhole } from "../support/objects.ts";
import { ClientPeer, type PeerProgram } from "./client_peer.ts";
import { clients } from "./jetstream/clients/clients.ts";
import { findPython } from "./python.ts";
import { tryClients } from "./try_clients.ts";

const HERE = new URL("./objects/", import.meta.url).pathname;

/** How to run a client. */
interface Program extends PeerProgram {
  /** What it tells of an object is for people. */
  readonly isForPeople?: true;
  /** It has links. */
  readonly links?: true;
  /** It takes no other names: it writes Latin-1 where ADR-20 has UTF-8, and refuses the rest. */
  readonly isAscii?: true;
}

const PROGRAMS: Readonly<Record<string, () => Promise<Program>>> = {
  "nats.js": () => {
    // outside of the project, whose configuration has another client
    const outside = ["--no-config", "--no-lock", "--no-check", "--quiet"];
    const args = ["run", "-A", ...outside, `${HERE}nats_js.ts`];
    const can = { links: true, isAscii: true } as const;
    return Promise.resolve({ command: Deno.execPath(), args, ...can });
  },
  FastStream: async () => ({ command: await findPython(), args: [`${HERE}object_storage.py`] }),
  "nats CLI": async () => {
    const { env } = await clients["nats CLI"]!();
    return {
      command: "sh",
      args: [`${HERE}nats_cli.sh`],
      ...env && { env },
      isForPeople: true as const,
    };
  },
};

/** Another client, at one server. */
class Peer extends ClientPeer {
  readonly program: Program;

  constructor(program: Program, url: string) {
    super(program, url);
    this.program = program;
  }

  /** What it can call an object. */
  get names(): readonly string[] {
    return this.program.isAscii ? NAMES : WIDE_NAMES;
  }
}

/** Sizes that end within a chunk, with one, and are empty. */
const SIZES = [0, 1, 131_072, 1_000_003];
const NAMES = ["a.bin", "with blanks", "a/b..c"];
const WIDE_NAMES = ["a.bin", "with blanks", "große/日本"];

/** What the client has put, we read; it may have put it in chunks of any size. */
async function weRead(peer: Peer, broker: NatsBroker, folder: string): Promise<void> {
  const { names } = peer;
  const files = await filesOn(broker);
  for (const [at, size] of SIZES.entries()) {
    const name = names[at % names.length]!;
    const path = `${folder}/theirs`;
    await Deno.writeFile(path, bytesOf(size, at + 1));
    await peer.do("put", name, path);
    const found = (await files.get(name))!;
    assertEquals(await readWhole(found), bytesOf(size, at + 1));
    assertEquals([found.name, found.size, found.headers.get("content-type")], [
      name,
      size,
      "image/png",
    ]);
    assertEquals(found.description, "a peer's");
    const range = [-Math.floor(size / 3), -1] as const;
    const part = await files.get(name, { range });
    assertEquals(await readWhole(part), bytesOf(size, at + 1).slice(...range));
  }
  assertEquals((await Array.fromAsync(files.list())).length, names.length);
  const [name] = names;
  await peer.do("delete", name!);
  assertEquals([await files.get(name!), await files.delete(name!)], [undefined, false]);
  await files.put(name!, bytesOf(5));
  for (const each of names) assertEquals(await files.delete(each), true);
  assertEquals([await files.collect({ olderThan: 0 }), await chunksIn(broker)], [0, {}]);
}

/** What we have put, the client reads. */
async function theyRead(
  peer: Peer,
  broker: NatsBroker,
  folder: string,
): Promise<void> {
  const { names, program: { isForPeople, links } } = peer;
  const files = await filesOn(broker);
  const path = `${folder}/ours`;
  for (const [at, size] of SIZES.entries()) {
    const name = names[at % names.length]!;
    const metadata = { owner: "us" };
    const said = { headers: { "content-type": "text/x" }, description: "ours", metadata };
    await files.put(name, bytesOf(size, at + 1), said);
    await peer.do("get", name, path);
    assertEquals(await Deno.readFile(path), bytesOf(size, at + 1));
    const told = await peer.do("info", name);
    if (isForPeople) assert(told.includes(name) && told.includes("ours"), told);
    else {
      const { link: _, owner = "us", ...info } = JSON.parse(told);
      const wanted = { name, size, description: "ours", type: "text/x", isDated: true };
      assertEquals([info, owner], [wanted, "us"]);
    }
  }
  const listed = await peer.do("list");
  for (const name of names) assert(listed.includes(name), listed);
  if (links) await bothLink(peer, files, path);
  const [first, second] = names;
  await files.delete(first!);
  assert(!(await peer.do("list")).includes(first!));
  // what they replace or delete of ours leaves no chunk
  await Deno.writeFile(path, bytesOf(10));
  await peer.do("put", second!, path);
  await peer.do("delete", names[2]!);
  assertEquals([await files.collect({ olderThan: 0 }), Object.values(await chunksIn(broker))], [
    0,
    [1],
  ]);
}

async function bothLink(
  peer: Peer,
  files: Awaited<ReturnType<typeof filesOn>>,
  path: string,
): Promise<void> {
  const [name] = peer.names;
  await files.link("ours", { name: name! });
  await peer.do("get", "ours", path);
  assertEquals(await Deno.readFile(path), await readWhole(await files.get(name!)));
  await peer.do("link", "theirs", name!);
  assertEquals(await readWhole(await files.get("theirs")), await Deno.readFile(path));
  for (const link of ["ours", "theirs"]) await files.delete(link);
}

/** Gives whether a client and we understand each other on a server. */
async function understands(name: string, program: Program, url: string): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  await using broker = new NatsBroker(url, { logger: false });
  const peer = new Peer(program, url);
  try {
    await weRead(peer, broker, folder);
    await theyRead(peer, broker, folder);
    console.log(`ok - ${name}`);
    return true;
  } catch (error) {
    console.log(`not ok - ${name}`);
    console.log(`${(error as Error).stack}`.replaceAll(/^/gm, "#   "));
    return false;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const names = Deno.args.length > 0 ? Deno.args : Object.keys(PROGRAMS);
  Deno.exit(await tryClients(names, PROGRAMS, understands));
}
