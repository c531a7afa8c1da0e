import { brokerOf, connectAlike, type Ends, PATIENCE } from "../ends.ts";
import type { Side, Work } from "../work.ts";
import { BYTES } from "./kinds.ts";

const SUBJECT = "bench.first_parts";

/** What came back to each question, and the milliseconds until it did. */
interface Waited {
  readonly answers: number;
  readonly took: number;
}

/** One question, what is waited for, and what has to be over before the next. */
interface Asked {
  readonly first: Promise<Uint8Array | undefined>;
  readonly rest: () => Promise<unknown>;
}

/** The time until the first part of a stream is there, beside the time until a reply is. */
export function firstParts(ends: Ends): readonly Work<Waited>[] {
  return [{
    name: "first part of a stream, beside a reply",
    unit: "answers",
    aim: 1 / 1.2,
    ours: awaitingParts(ends),
    rival: awaitingReplies(ends),
    right: ({ answers }) => answers > 0,
    took: ({ took }) => took,
  }];
}

/** What comes after the first part is waited for, and not counted. */
function awaitingParts({ servers }: Ends): Side<Waited> {
  return async (operations) => {
    await using service = brokerOf(servers);
    service.subscriber(SUBJECT, async function* ({ data }) {
      yield data;
    });
    await service.start();
    await using broker = brokerOf(servers);
    await broker.start();
    return await oneByOne(operations, () => {
      const stream = broker.requestStream(SUBJECT, BYTES);
      const parts = stream[Symbol.asyncIterator]();
      const first = parts.next().then(({ value }) => value?.data);
      const rest = async () => {
        await parts.next();
        await stream.closed;
        await Promise.all([broker.flush(), service.flush()]);
      };
      return { first, rest };
    });
  };
}

function awaitingReplies(ends: Ends): Side<Waited> {
  return async (operations) => {
    await using listener = await ends.connect();
    listener.subscribe(SUBJECT, {
      callback: (_error, message) => void message.respond(message.data),
    });
    await using client = await ends.connect();
    await using pause = await connectAlike(ends.servers);
    await listener.flush();
    const options = { timeout: PATIENCE };
    return await oneByOne(operations, () => ({
      first: client.request(SUBJECT, BYTES, options).then(({ data }) => data),
      // as long as ours, and no part of what is measured: a plain client waits 40 ms to flush behind a request
      rest: () => pause.flush(),
    }));
  };
}

async function oneByOne(operations: number, ask: () => Asked): Promise<Waited> {
  let took = 0;
  for (let number = 0; number < operations; number++) {
    const began = performance.now();
    const { first, rest } = ask();
    const data = await first;
    took += performance.now() - began;
    if (data?.length !== BYTES.length) return { answers: 0, took };
    await rest();
  }
  return { answers: operations, took };
}
