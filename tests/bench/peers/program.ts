import { findPython, Unavailable } from "../../interop/python.ts";
import { attempt } from "./attempt.ts";

const SOURCES = new URL("./", import.meta.url);
const CACHE = new URL("../../../.cache/peers/", import.meta.url);

/** Where there is no Node, Deno runs what is started as `node`: it would be taken for Node's figures. */
const NODE_20 = "process.exit(globalThis.Deno || parseInt(process.versions.node) < 20 ? 1 : 0)";

/** What is started for a peer. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** A program on this very Deno, with the package's own imports. */
export function onDeno(...program: readonly string[]): Program {
  const args = ["run", "--quiet", "--no-check", "-A", ...program];
  return { command: Deno.execPath(), args, cwd: SOURCES.pathname };
}

/**
 * A program on Node, copied to where its packages are: Node looks for them beside it.
 *
 * @throws {Unavailable} without node, or where npm cannot install the packages
 */
export async function onNode(
  folder: string,
  file: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<Program> {
  const home = await copied(folder, [file]);
  for (const shared of ["driven.mjs", "stored.mjs"]) {
    await Deno.copyFile(new URL(shared, SOURCES), new URL(shared, CACHE));
  }
  if (await attempt(home, "node", "--eval", NODE_20)) {
    throw new Unavailable("Cannot measure as node must be there, 20 or later");
  }
  await installed(home, dependencies);
  return { command: "node", args: [file], cwd: home };
}

/**
 * A program on Python, in the environment that has FastStream, and nats-py with it.
 *
 * @throws {Unavailable} without python3, or where pip cannot install it
 */
export async function onPython(file: string): Promise<Program> {
  return { command: await findPython(), args: [file], cwd: `${SOURCES.pathname}python` };
}

/**
 * The program in Go, built in a copy that keeps the checksums of its modules.
 *
 * @throws {Unavailable} without go, or where it cannot download the modules
 */
export async function inGo(...args: readonly string[]): Promise<Program> {
  const home = await copied("go", ["driven.go", "main.go", "go.mod"]);
  const failed = await attempt(home, "go", "mod", "tidy") ??
    await attempt(home, "go", "build", "-o", "peer", ".");
  if (failed) throw new Unavailable(`Cannot measure as go must be able to build it: ${failed}`);
  return { command: `${home}peer`, args, cwd: home };
}

async function copied(folder: string, files: readonly string[]): Promise<string> {
  const home = new URL(`${folder}/`, CACHE);
  await Deno.mkdir(home, { recursive: true });
  for (const file of files) {
    await Deno.copyFile(new URL(`${folder}/${file}`, SOURCES), new URL(file, home));
  }
  return home.pathname;
}

async function installed(
  home: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<void> {
  const wanted = JSON.stringify({ private: true, dependencies });
  const stamp = `${home}installed.json`;
  if (await Deno.readTextFile(stamp).catch(() => "") === wanted) return;
  await Deno.writeTextFile(`${home}package.json`, wanted);
  const options =
    "--no-audit --no-fund --no-package-lock --ignore-scripts --fetch-retries=1 --loglevel=error";
  const failed = await attempt(home, "npm", "install", ...options.split(" "));
  if (failed) throw new Unavailable(`Cannot measure as npm must be able to install it: ${failed}`);
  await Deno.writeTextFile(stamp, wanted);
}
