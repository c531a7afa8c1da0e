import { failureOf, type Surroundings } from "../../command.ts";
import { findPython, Unavailable } from "../../python.ts";

/** A program that prints what a client sees of JetStream, given the address of a server. */
export interface Program extends Surroundings {
  readonly command: string;
  readonly args: readonly string[];
}

/** Makes a program of a client, whose parts come from its registry the first time. */
export type Prepare = () => Promise<Program>;

const HERE = new URL("./", import.meta.url).pathname;
const CACHE = new URL("../../../../.cache/clients/", import.meta.url).pathname;

/** The clients by their names. */
export const clients: Readonly<Record<string, Prepare>> = {
  "nats.js": () => {
    // outside of the project, whose configuration has another client
    const outside = ["--no-config", "--no-lock", "--no-check", "--quiet"];
    const args = ["run", "-A", ...outside, `${HERE}nats_js.ts`];
    return Promise.resolve({ command: Deno.execPath(), args, cwd: "/" });
  },
  "nats-py": async () => ({ command: await findPython(), args: [`${HERE}nats_py.py`] }),
  "FastStream": async () => ({
    command: await findPython(),
    args: [`${HERE}faststream_subscribers.py`],
  }),
  "nats.go": async () => {
    const folder = await folderWith("nats_go", "main.go", "main.go");
    if (!await exists(`${folder}go.mod`)) await build("go", ["mod", "init", "client"], folder);
    await build("go", ["get", "github.com/nats-io/nats.go@latest"], folder);
    await build("go", ["build", "-o", "program", "."], folder);
    return { command: `${folder}program`, args: [] };
  },
  "async-nats": async () => {
    const folder = await folderWith("async_nats", "main.rs", "src/main.rs");
    await Deno.writeTextFile(`${folder}Cargo.toml`, CARGO);
    await build("cargo", ["build", "--quiet"], folder);
    return { command: `${folder}target/debug/client`, args: [] };
  },
  "nats CLI": async () => {
    const bin = `${CACHE}bin/`;
    const env = { GOBIN: bin };
    const isThere = await exists(`${bin}nats`);
    if (!isThere) {
      await build("go", ["install", "github.com/nats-io/natscli/nats@latest"], "/", env);
    }
    return { command: "sh", args: [`${HERE}nats_cli.sh`], env: { NATS: `${bin}nats` } };
  },
};

const CARGO = `[package]
name = "client"
version = "0.0.0"
edition = "2021"

[dependencies]
async-nats = "*"
futures-util = "*"
tokio = { version = "1", features = ["full"] }

[workspace]
`;

/** A folder of the cache with the program's source, which may be a new one. */
async function folderWith(name: string, source: string, path: string): Promise<string> {
  const folder = `${CACHE}${name}/`;
  await Deno.mkdir(`${folder}src`, { recursive: true });
  await Deno.copyFile(`${HERE}${name}/${source}`, folder + path);
  return folder;
}

async function build(program: string, args: string[], cwd: string, env = {}): Promise<void> {
  const failed = await failureOf(program, args, { cwd, env });
  if (failed === undefined) return;
  const last = failed.trim().split("\n").at(-1);
  throw new Unavailable(`"${program} ${args.join(" ")}" must work: ${last}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
