import { packageMirror } from "./mirror.ts";

const root = new URL("../../../.cache/nats-server/", import.meta.url);

/** The nats-server of a suite of the distribution, unpacked into the cache, without root. */
export async function unpackedServer(suite: string): Promise<string> {
  const folder = new URL(`${suite}/`, root).pathname;
  const binary = `${folder}usr/sbin/nats-server`;
  await Deno.mkdir(root, { recursive: true });
  // Several test files may want it at once; the system drops the lock of a process that dies.
  using lock = await Deno.open(new URL(`${suite}.lock`, root), { create: true, write: true });
  await lock.lock(true);
  if (!await exists(binary)) await unpack(suite, folder);
  return binary;
}

async function unpack(suite: string, folder: string): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "nats_server_package_" });
  try {
    const archive = await download(suite, work);
    const part = `${folder.slice(0, -1)}.part`;
    await run("dpkg-deb", ["-x", archive, part], work);
    await Deno.rename(part, folder);
  } catch (cause) {
    throw new Error(
      `Cannot find nats-server as NATS_SERVER must name one, PATH must have one, or apt-get must be able to download it, so install nats-server 2.9 or newer and set NATS_SERVER to its path: ${
        (cause as Error).message
      }`,
    );
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Downloads the package with an apt of its own, whose lists and locks need no root. */
async function download(suite: string, work: string): Promise<string> {
  await Deno.mkdir(`${work}/lists/partial`, { recursive: true });
  await Deno.mkdir(`${work}/cache/archives/partial`, { recursive: true });
  await Deno.writeTextFile(`${work}/sources.list`, `deb ${await packageMirror()} ${suite} main\n`);
  const options = [
    `Dir::Etc::sourcelist=${work}/sources.list`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    "APT::Sandbox::User=root",
    "APT::Update::Error-Mode=any",
    "Acquire::Languages=none",
    "Acquire::Retries=2",
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", ["-qq", ...options, "update"], work);
  await run("apt-get", ["-qq", ...options, "download", "nats-server"], work);
  for await (const { name } of Deno.readDir(work)) {
    if (name.endsWith(".deb")) return `${work}/${name}`;
  }
  throw new Error("apt-get downloaded no package");
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd, stdout: "null" })
    .output();
  if (success) return;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new Error(`${command} says "${reason}"`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
