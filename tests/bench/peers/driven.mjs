import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

const FLUSHED = 1_000;
const { SUBJECT } = process.env;

/** What this program runs on. */
export const runtime = globalThis.Deno
  ? `Deno ${Deno.version.deno}`
  : `Node ${process.versions.node}`;

/**
 * The version of a package in the working folder.
 *
 * Peers import their packages with `await import()`: a type check would want the packages of other imports.
 */
export function versionOf(name) {
  return JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
}

/**
 * Does what the lines on the input ask, `request AT_ONCE OPERATIONS`, `publish OPERATIONS` or one of `works`, and
 * answers each with the milliseconds it took; ends with the input.
 */
export async function driven({ version, request, publish, flush, works }) {
  console.log(JSON.stringify({ version, runtime, publishes: publish !== undefined }));
  const lines = createInterface({ input: process.stdin });
  // At once: whoever drives has gone, and the server perhaps too, so work may never come to its end.
  lines.on("close", () => process.exit());
  for await (const line of lines) {
    const [verb, ...words] = line.split(" ");
    const numbers = words.map(Number);
    const began = performance.now();
    if (verb === "request") await ask(request, ...numbers);
    else if (verb === "publish") await send(publish, flush, ...numbers);
    else await works[verb](...numbers);
    console.log(performance.now() - began);
  }
}

async function ask(request, atOnce, operations) {
  let left = operations;
  const lane = async () => {
    while (left > 0) {
      const count = left--;
      const { item, count: answered } = await request({ item: "tea", count });
      if (item !== "tea" || answered !== count * 2) {
        throw new Error(`Cannot go on as ${count} must be doubled: ${answered}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** Sends to nobody, but for the last, which whoever drives listens for. */
async function send(publish, flush, operations) {
  for (let count = 1; count < operations; count++) {
    // a wait where there is nothing to wait for would be measured as well
    const sent = publish(`${SUBJECT}.nobody`, { item: "tea", count });
    if (sent) await sent;
    if (count % FLUSHED === 0) await flush();
  }
  await publish(`${SUBJECT}.last`, { item: "tea", count: operations });
  await flush();
}
