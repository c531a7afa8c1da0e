import { failureOf } from "./command.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FOLDER = `${ROOT}.cache/faststream`;
const PYTHON = `${FOLDER}/bin/python3`;

/** Python, or FastStream for it, is not at hand: the checks cannot be made here. */
export class Unavailable extends Error {}

/** Finds a Python that has FastStream; the first time, it makes one in `.cache/faststream/`. */
export async function findPython(): Promise<string> {
  if (await hasFastStream()) return PYTHON;
  // whatever a run that was cut short has left
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  if (await run("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 10))")) {
    throw new Unavailable(
      "Cannot check against FastStream as python3 must be there, 3.10 or later",
    );
  }
  const failed = await run("python3", "-m", "venv", FOLDER) ??
    await run(PYTHON, "-m", "pip", ..."install --quiet --retries 1 faststream[nats]".split(" "));
  if (failed || !await hasFastStream()) {
    const last = failed?.trim().split("\n").at(-1);
    throw new Unavailable(
      `Cannot check against FastStream as pip must be able to install it: ${last}`,
    );
  }
  return PYTHON;
}

async function hasFastStream(): Promise<boolean> {
  return await run(PYTHON, "-c", "import faststream.nats") === undefined;
}

function run(program: string, ...args: string[]): Promise<string | undefined> {
  return failureOf(program, args, { env: { PIP_DISABLE_PIP_VERSION_CHECK: "1" } });
}
