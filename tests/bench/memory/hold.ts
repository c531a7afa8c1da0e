/**
 * Holds so many of something, and says how many bytes each takes up: a process of its own, as heaps must not mix. Its
 * arguments are what is held, by which side, the URL of the server, and how many.
 *
 * @module
 */
import { footprint } from "../../soak/footprint.ts";
import { delay } from "../../support/delay.ts";
import { HOLDERS } from "./holders.ts";

/** So many are held before it is measured: what is made once is not what one more costs. */
const FIRST = 1_000;
/** What has just been done may leave something behind for a moment, in milliseconds. */
const SETTLED = 100;

async function held(): Promise<number> {
  await delay(SETTLED);
  return footprint().held;
}

async function measure([what, side, servers, count]: readonly string[]): Promise<number> {
  const opening = HOLDERS[what!]?.[side as "ours" | "rival"];
  if (!opening) {
    throw new TypeError(`Cannot hold as there must be such a thing: "${what}", ${side}`);
  }
  const hold = await opening(servers!);
  const first = await hold(FIRST);
  const before = await held();
  const rest = await hold(Number(count));
  const bytes = (await held() - before) / rest.length;
  if (first.length + rest.length !== FIRST + Number(count)) {
    throw new Error(`Cannot measure as all must be held: ${first.length + rest.length}`);
  }
  return bytes;
}

if (import.meta.main) {
  console.log(await measure(Deno.args));
  // whatever is held would keep it running
  Deno.exit(0);
}
