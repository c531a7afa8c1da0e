import { type Bucket, kv } from "../../../src/kv/mod.ts";
import { fromNpm } from "../../support/npm.ts";
import type { Ends } from "../ends.ts";
import { AT_ONCE, inLanes } from "../lanes.ts";
import type { Side, Work } from "../work.ts";

/** What is used of the bucket of nats.js. */
interface BareBucket {
  put(key: string, value: Uint8Array): Promise<number>;
  get(key: string): Promise<{ readonly value: Uint8Array } | null>;
  keys(): Promise<AsyncIterable<string>>;
  watch(options?: object): Promise<AsyncIterable<object> & { stop(): void }>;
}

interface BareBuckets {
  readonly Kvm: new (client: unknown) => { open(name: string): Promise<BareBucket> };
}

const VALUE = new TextEncoder().encode("sixteen bytes ok");
/** A change that is replaced before it is delivered is not delivered: with a history it stays. */
const LONGEST_HISTORY = 64;

/** The buckets of both sides: each has the same ones, made by ours before the first round. */
class Sides {
  readonly #ends: Ends;
  readonly #made = new Map<string, Promise<readonly [Bucket, BareBucket]>>();

  constructor(ends: Ends) {
    this.#ends = ends;
  }

  /** A bucket with so many keys. */
  open(
    name: string,
    keys: number,
    history = 1,
  ): Promise<readonly [ours: Bucket, theirs: BareBucket]> {
    let made = this.#made.get(name);
    if (!made) this.#made.set(name, made = this.#make(name, keys, history));
    return made;
  }

  async #make(
    name: string,
    keys: number,
    history: number,
  ): Promise<readonly [Bucket, BareBucket]> {
    const { broker, client } = this.#ends;
    const ours = kv(broker, name, { declare: "create", storage: "memory", history });
    let at = 0;
    await inLanes(keys, () => ours.put(`k.${at++}`, VALUE));
    const { Kvm } = await fromNpm<BareBuckets>("@nats-io/kv@3");
    return [ours, await new Kvm(client).open(name)];
  }
}

/** Puts and gets, one at a time and many at once, keys, and watching, beside nats.js. */
export function buckets(ends: Ends, keys: number): readonly Work[] {
  const sides = new Sides(ends);
  const few = () => sides.open("bench", AT_ONCE);
  const many = () => sides.open("bench-many", keys);
  const long = () => sides.open("bench-long", AT_ONCE, LONGEST_HISTORY);
  return [
    ...[1, AT_ONCE].flatMap((atOnce) => [putting(few, atOnce), getting(few, atOnce)]),
    listing(many, keys),
    watching(many, keys),
    following(long),
  ];
}

type Open = () => Promise<readonly [Bucket, BareBucket]>;

function putting(open: Open, atOnce: number): Work<readonly number[]> {
  const put = (index: 0 | 1): Side<readonly number[]> => async (operations) => {
    const bucket = (await open())[index];
    return await atATime(operations, atOnce, (lane) => bucket.put(`k.${lane}`, VALUE));
  };
  return {
    name: `KV put, ${atOnce} at once`,
    unit: "puts",
    aim: atOnce === 1 ? 1 : 3,
    ours: put(0),
    rival: put(1),
    right: (revisions) => revisions.every((revision) => revision > 0),
  };
}

function getting(open: Open, atOnce: number): Work<readonly unknown[]> {
  const get = (index: 0 | 1): Side<readonly unknown[]> => async (operations) => {
    const bucket = (await open())[index];
    return await atATime(
      operations,
      atOnce,
      async (lane) => (await bucket.get(`k.${lane}`))?.value,
    );
  };
  return {
    name: `KV get, ${atOnce} at once`,
    unit: "gets",
    aim: atOnce === 1 ? 1 : 3,
    ours: get(0),
    rival: get(1),
    right: (values) => values.every((value) => (value as Uint8Array).length === VALUE.length),
  };
}

/** What was read, all keys each time, and how long that would have taken for as many as were wanted. */
interface Read {
  readonly seen: number;
  readonly took: number;
}

/** Reads all keys as often as it takes to read so many; few are wanted where the rounds are short. */
function reading(keys: number, read: () => Promise<AsyncIterable<unknown>>): Side<Read> {
  return async (operations) => {
    const times = Math.ceil(operations / keys);
    const began = performance.now();
    let seen = 0;
    for (let time = 1; time <= times; time++) {
      for await (const _ of await read()) if (++seen === time * keys) break;
    }
    return { seen: seen / times, took: (performance.now() - began) * operations / seen };
  };
}

function reads(keys: number) {
  return {
    unit: "keys",
    aim: 1,
    right: ({ seen }: Read) => seen === keys,
    took: ({ took }: Read) => took,
  };
}

function listing(open: Open, keys: number): Work<Read> {
  return {
    ...reads(keys),
    name: `KV keys, ${keys} of them`,
    ours: reading(keys, async () => (await open())[0].keys()),
    rival: reading(keys, async () => await (await open())[1].keys()),
  };
}

function watching(open: Open, keys: number): Work<Read> {
  return {
    ...reads(keys),
    name: `KV watch, ${keys} keys at its beginning`,
    ours: reading(keys, async () => (await open())[0].changes()),
    rival: reading(keys, async () => await (await open())[1].watch()),
  };
}

/** A watch of what is put meanwhile; ours puts for both. */
function following(open: Open): Work<number> {
  return {
    name: `KV watch of ${AT_ONCE} writers`,
    unit: "changes",
    aim: 1,
    ours: async (operations) => {
      const [bucket] = await open();
      await using reader = await bucket.changes(">", { updatesOnly: true }).open();
      const put = inLanes(operations, (lane) => bucket.put(`k.${lane}`, VALUE));
      let seen = 0;
      while (seen < operations && await reader.next()) seen++;
      await put;
      return seen / operations;
    },
    rival: async (operations) => {
      const [bucket, theirs] = await open();
      const watch = await theirs.watch({ include: "updates" });
      const put = inLanes(operations, (lane) => bucket.put(`k.${lane}`, VALUE));
      let seen = 0;
      for await (const _ of watch) if (++seen === operations) break;
      await put;
      return seen / operations;
    },
    right: (share) => share === 1,
  };
}

async function atATime<Result>(
  operations: number,
  atOnce: number,
  operate: (lane: number) => Promise<Result>,
): Promise<readonly Result[]> {
  if (atOnce > 1) return await inLanes(operations, operate);
  let last: Result | undefined;
  for (let at = 0; at < operations; at++) last = await operate(0);
  return [last!];
}
