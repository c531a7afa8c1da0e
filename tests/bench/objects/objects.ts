import { type Objects, objects } from "../../../src/obj/mod.ts";
import { fromNpm } from "../../support/npm.ts";
import type { Ends } from "../ends.ts";
import type { Side, Work } from "../work.ts";

/** What is used of the bucket of nats.js. */
interface BareBucket {
  put(meta: { readonly name: string }, body: ReadableStream<Uint8Array>): Promise<object>;
  get(name: string): Promise<{ readonly data: ReadableStream<Uint8Array> } | null>;
}

interface BareBuckets {
  readonly Objm: new (client: unknown) => { open(name: string): Promise<BareBucket> };
}

const MB = 1_000_000;
/** What a file or a socket gives at a time. */
const PART = new Uint8Array(64_000).map((_, at) => at * 7);
const [OURS, THEIRS] = ["ours", "theirs"];

function body(size: number): ReadableStream<Uint8Array> {
  let left = size / PART.length;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(PART.slice());
      else controller.close();
    },
  });
}

async function lengthOf(readable: ReadableStream<Uint8Array> | undefined): Promise<number> {
  let length = 0;
  for await (const part of readable ?? []) length += part.length;
  return length;
}

/** How many bytes went over, and how long that would have taken for as many megabytes as were wanted. */
interface Moved {
  readonly length: number;
  readonly took: number;
}

/** Moves the object once: a few megabytes would measure the first answer and not the rate. */
function moving(size: number, move: () => Promise<number>): Side<Moved> {
  return async (operations) => {
    const began = performance.now();
    const length = await move();
    const elapsed = performance.now() - began;
    return { length, took: elapsed * operations / (size / MB) };
  };
}

/** Puts and gets an object of so many megabytes, beside nats.js. */
export function wholeObjects({ broker, client }: Ends, megabytes: number): readonly Work[] {
  const size = megabytes * MB;
  let made: Promise<readonly [Objects, BareBucket]> | undefined;
  const open = () => made ??= make();
  const make = async () => {
    const ours = objects(broker, "bench", { declare: "create" });
    await ours.put(OURS!, body(size));
    const { Objm } = await fromNpm<BareBuckets>("@nats-io/obj@3");
    const theirs = await new Objm(client).open("bench");
    await theirs.put({ name: THEIRS! }, body(size));
    return [ours, theirs] as const;
  };
  const both = {
    unit: "MB",
    aim: 3,
    right: ({ length }: Moved) => length === size,
    took: ({ took }: Moved) => took,
  };
  const putting: Work<Moved> = {
    ...both,
    name: `object put, ${megabytes} MB`,
    ours: moving(size, async () => (await (await open())[0].put(OURS!, body(size))).size),
    rival: moving(size, async () => {
      await (await open())[1].put({ name: THEIRS! }, body(size));
      return size;
    }),
  };
  const getting: Work<Moved> = {
    ...both,
    name: `object get, ${megabytes} MB`,
    ours: moving(size, async () => await lengthOf((await (await open())[0].get(OURS!))?.readable)),
    rival: moving(size, async () => await lengthOf((await (await open())[1].get(THEIRS!))?.data)),
  };
  return [putting, getting];
}
