import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { NatsBroker } from "../../mod.ts";
import { connectAlike, type Ends, PATIENCE } from "./ends.ts";
import type { Side, Work } from "./work.ts";

const SUBJECT = "bench.links";
/** So many frames are on their way at most, to the bare subscriber as to the end of a link. */
const WINDOW = 1_024;
const BYTES = new TextEncoder().encode("128 bytes, which is a frame.".padEnd(128, "."));

const encoder = new TextEncoder();

/** What is sent, and how the bare client writes and reads it; both sides have the same in hand then. */
interface Kind {
  /** The body of the frame that has this number. */
  readonly body: (number: number) => unknown;
  readonly encode: (number: number) => Uint8Array;
  readonly decode: (message: Msg) => unknown;
  readonly right: (body: unknown, number: number) => boolean;
}

const BYTES_KIND: Kind = {
  body: () => BYTES,
  encode: () => BYTES,
  decode: (message) => message.data,
  right: (body) => body instanceof Uint8Array && body.length === BYTES.length,
};

const JSON_KIND: Kind = {
  body: orderOf,
  encode: (number) => encoder.encode(JSON.stringify(orderOf(number))),
  decode: (message) => message.json(),
  right: (body, number) => (body as { count?: unknown }).count === number,
};

/** How many bodies were sent, and how many came in order and whole. */
interface Carried {
  readonly sent: number;
  readonly right: number;
}

/** What came back to each question, and the milliseconds until it did. */
interface Waited {
  readonly answers: number;
  readonly took: number;
}

/**
 * Bodies one way, with flow control and numbering on one side and none on the other. The same messages are on the wire:
 * each has an address of reply, which is what a frame's name is written in.
 */
export function links({ client }: Ends): readonly Work<Carried>[] {
  const servers = client.getServer();
  const work = { unit: "frames", aim: 0.65, right: isWhole };
  const bytes = { ...work, rival: publishing(servers, BYTES_KIND, framed) };
  const json = { ...work, rival: publishing(servers, JSON_KIND, framed) };
  const bare = { ...work, rival: publishing(servers, BYTES_KIND, unnamed) };
  const session = conversing(servers, BYTES_KIND);
  return [
    { ...bytes, name: "session, 128 bytes", ours: session },
    { ...bare, name: "session, 128 bytes, beside bodies without a name", ours: session },
    { ...json, name: "session, JSON", ours: conversing(servers, JSON_KIND) },
    { ...bytes, name: "stream, 128 bytes", ours: streaming(servers, BYTES_KIND) },
    { ...json, name: "stream, JSON", ours: streaming(servers, JSON_KIND) },
  ];
}

/** The time until the first part of a stream is there, beside the time until a reply is. */
export function firstParts({ client }: Ends): readonly Work<Waited>[] {
  const servers = client.getServer();
  const work = {
    unit: "first parts",
    aim: 1 / 1.2,
    ours: awaitingParts(servers),
    right: ({ answers }: Waited) => answers > 0,
    took: ({ took }: Waited) => took,
  };
  return [
    { ...work, name: "first part, beside a bare request", rival: awaitingBareReplies(servers) },
    { ...work, name: "first part, beside our request", rival: awaitingReplies(servers) },
  ];
}

/** Counts what comes, and tells whether each is what was sent at its place. */
class Count {
  readonly #kind: Kind;
  taken = 0;
  right = 0;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  take(body: unknown): void {
    if (this.#kind.right(body, this.taken)) this.right++;
    this.taken++;
  }
}

function conversing(servers: string, kind: Kind): Side<Carried> {
  return async (operations) => {
    const count = new Count(kind);
    await using service = brokerOf(servers);
    service.session(SUBJECT, async (session) => {
      for await (const { body } of session) count.take(body);
    });
    await service.start();
    await using broker = brokerOf(servers);
    await broker.start();
    const session = await broker.openSession(SUBJECT);
    for (let number = 0; number < operations; number++) await session.send(kind.body(number));
    await session.end();
    await session.closed;
    return { sent: operations, right: count.right };
  };
}

function streaming(servers: string, kind: Kind): Side<Carried> {
  return async (operations) => {
    const count = new Count(kind);
    await using service = brokerOf(servers);
    service.subscriber(SUBJECT, async function* ({ body }) {
      for (let number = 0; number < Number(body); number++) yield kind.body(number);
    });
    await service.start();
    await using broker = brokerOf(servers);
    await broker.start();
    for await (const { body } of broker.requestStream(SUBJECT, operations)) count.take(body);
    return { sent: operations, right: count.right };
  };
}

/** Gives the address of reply of each message that is published. */
type Naming = (inbox: string, number: number) => string;

const framed: Naming = (inbox, number) => `${inbox}.${number}b`;
const unnamed: Naming = () => "";

/** Publishes as fast as the subscriber takes, without a word from it over the wire: it is in the same process. */
function publishing(servers: string, kind: Kind, naming: Naming): Side<Carried> {
  return async (operations) => {
    const count = new Count(kind);
    await using listener = await connectAlike(servers);
    await using client = await connectAlike(servers);
    const subject = `${createInbox()}.o1`;
    const inbox = createInbox();
    let sent = 0;
    let wanted = 0;
    let resume = () => {};
    listener.subscribe(subject, {
      callback(_error, message) {
        count.take(kind.decode(message));
        if (count.taken === wanted) resume();
      },
    });
    await listener.flush();
    const untilTaken = (number: number) => {
      if (count.taken >= number) return;
      wanted = number;
      return new Promise<void>((resolve) => resume = resolve);
    };
    while (sent < operations) {
      if (sent - count.taken >= WINDOW) await untilTaken(sent - WINDOW / 2);
      const reply = naming(inbox, sent + 1);
      client.publish(subject, kind.encode(sent++), { reply });
    }
    await untilTaken(operations);
    return { sent: operations, right: count.right };
  };
}

/** What comes after the first part is waited for, and not counted. */
function awaitingParts(servers: string): Side<Waited> {
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
        await stream.ended;
        await Promise.all([broker.flush(), service.flush()]);
      };
      return { first, rest };
    });
  };
}

function awaitingReplies(servers: string): Side<Waited> {
  return async (operations) => {
    await using service = brokerOf(servers);
    service.subscriber(SUBJECT, ({ data }) => data);
    await service.start();
    await using broker = brokerOf(servers);
    await broker.start();
    return await oneByOne(operations, () => ({
      first: broker.request(SUBJECT, BYTES).then(({ data }) => data),
      rest: () => Promise.all([broker.flush(), service.flush()]),
    }));
  };
}

function awaitingBareReplies(servers: string): Side<Waited> {
  return async (operations) => {
    await using listener = await listenBare(servers);
    await using client = await connectAlike(servers);
    await listener.flush();
    const options = { timeout: PATIENCE };
    return await oneByOne(operations, () => ({
      first: client.request(SUBJECT, BYTES, options).then(({ data }) => data),
      rest: () => Promise.all([client.flush(), listener.flush()]),
    }));
  };
}

async function listenBare(servers: string): Promise<NatsConnection> {
  const client = await connectAlike(servers);
  client.subscribe(SUBJECT, { callback: (_error, message) => void message.respond(message.data) });
  return client;
}

/** One question, what is waited for, and what has to be over before the next. */
interface Asked {
  readonly first: Promise<Uint8Array | undefined>;
  readonly rest: () => Promise<unknown>;
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

function brokerOf(servers: string): NatsBroker {
  return new NatsBroker(servers, { requestTimeout: PATIENCE, logger: false });
}

function orderOf(count: number): { readonly item: string; readonly count: number } {
  return { item: "tea", count };
}

function isWhole({ sent, right }: Carried): boolean {
  return sent > 0 && right === sent;
}
