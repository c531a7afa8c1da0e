import { createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-deno";
import { NatsBroker } from "../../mod.ts";
import { connectAlike, type Ends, PATIENCE } from "./ends.ts";
import type { Side, Work } from "./work.ts";

const AT_ONCE = 64;
/** How many messages are sent before the server is asked whether it has them. */
const FLUSHED = 1_000;
const SUBJECT = "bench.handlers";
const NOBODY = "bench.nobody";
const JSON_TYPE = "application/json";
const TEXT = "sixteen bytes ok";

const encoder = new TextEncoder();

interface Order {
  readonly item: string;
  readonly count: number;
}

/** A message that came back, told the same way whichever side it came from. */
interface Told {
  readonly body: unknown;
  readonly type?: string | undefined;
  readonly id?: string | undefined;
}

/** Connects and listens for orders; ends with the round, so that the next side finds nobody there. */
type Listen = () => Promise<AsyncDisposable>;

/** Asks one end until its orders are through; gives the last answer of each lane. */
type Ask = (count: number) => Promise<Told>;

/** The handler alone, under a load that is the same bare connection's for both sides. */
export function handlers({ client }: Ends): readonly Work<readonly Told[]>[] {
  const servers = client.getServer();
  const rival = loading(servers, () => listenBare(servers, answerTyped));
  const work = { unit: "requests", rival, right: areAnswers };
  return [
    { ...work, name: "handler", aim: 0.9, ours: loading(servers, () => listen(servers, 0)) },
    {
      ...work,
      name: "handler, 5 middlewares",
      aim: 0.8,
      ours: loading(servers, () => listen(servers, 5)),
    },
  ];
}

/** The whole way to a handler and back, between two connections: what a program sees. */
export function roundTrips({ client }: Ends): readonly Work<readonly Told[]>[] {
  const servers = client.getServer();
  const work = { unit: "requests", aim: 1.5, ours: asking(servers) };
  return [
    {
      ...work,
      name: "round trip, with headers",
      rival: askingBare(servers, answerTyped, (id) => headersOf(JSON_TYPE, id)),
      right: areAnswers,
    },
    {
      ...work,
      name: "round trip",
      rival: askingBare(servers, answerPlain, () => undefined),
      right: areDoubled,
    },
  ];
}

/** Messages that nobody takes, but for the last, which a witness tells of. */
export function sends({ client }: Ends): readonly Work<Told>[] {
  const servers = client.getServer();
  const bytes = encoder.encode(TEXT);
  const kinds = [
    { kind: "text", body: TEXT, type: "text/plain", encode: () => encoder.encode(TEXT) },
    { kind: "JSON", body: orderOf(7), type: JSON_TYPE, encode: () => encoded(orderOf(7)) },
    { kind: "bytes", body: bytes, type: "application/octet-stream", encode: () => bytes },
  ];
  return kinds.flatMap(({ kind, body, type, encode }) => {
    const wanted = new TextDecoder().decode(encode());
    const work = { unit: "messages", ours: sending(servers, body, false) };
    return [
      {
        ...work,
        name: `send ${kind}, with headers`,
        aim: 1.2,
        rival: sendingBare(servers, encode, () => headersOf(type, createInbox(""))),
        right: (told: Told) => told.body === wanted && told.type === type && told.id !== undefined,
      },
      {
        ...work,
        name: `send ${kind}`,
        aim: 0.8,
        rival: sendingBare(servers, encode, () => undefined),
        right: (told: Told) => told.body === wanted,
      },
      {
        ...work,
        name: `send ${kind}, awaited`,
        aim: 0.5,
        ours: sending(servers, body, true),
        rival: sendingBare(servers, encode, () => undefined),
        right: (told: Told) => told.body === wanted,
      },
    ];
  });
}

async function listen(servers: string, middlewares: number): Promise<AsyncDisposable> {
  const broker = new NatsBroker(servers, { logger: false });
  const pass = (_: unknown, next: () => Promise<unknown>) => next();
  const options = { middleware: Array.from({ length: middlewares }, () => pass) };
  broker.subscriber(SUBJECT, options, ({ body }) => doubled(body as Order));
  await broker.start();
  return broker;
}

async function listenBare(
  servers: string,
  answer: (message: Msg) => void,
): Promise<AsyncDisposable> {
  const client = await connectAlike(servers);
  client.subscribe(SUBJECT, { callback: (_error, message) => answer(message) });
  await client.flush();
  return client;
}

/** Does what our handler does: reads the type and the id, and gives them back. */
function answerTyped(message: Msg): void {
  const { headers } = message;
  const [type, id] = [headers!.get("content-type"), headers!.get("correlation_id")];
  if (type !== JSON_TYPE) throw new TypeError(`Cannot read an order as it must be JSON: ${type}`);
  const answer = JSON.stringify(doubled(message.json()));
  message.respond(answer, { headers: headersOf(JSON_TYPE, id) });
}

function answerPlain(message: Msg): void {
  message.respond(JSON.stringify(doubled(message.json())));
}

/** Sends each order again as soon as it is answered; the load is to cost as little as it can. */
function loading(servers: string, listen: Listen): Side<readonly Told[]> {
  return async (operations) => {
    await using _listener = await listen();
    await using load = await connectAlike(servers);
    const inbox = createInbox();
    let left = operations;
    const lane = (count: number) => {
      const { promise, resolve } = Promise.withResolvers<Told>();
      const reply = `${inbox}.${count}`;
      const data = encoded(orderOf(count));
      const options = { reply, headers: headersOf(JSON_TYPE, idOf(count)) };
      const send = () => load.publish(SUBJECT, data, options);
      load.subscribe(reply, {
        callback(_error, message) {
          if (left-- > 0) send();
          else resolve(told(message, message.json()));
        },
      });
      left--;
      send();
      return promise;
    };
    return await Promise.all(lanes(operations, lane));
  };
}

function asking(servers: string): Side<readonly Told[]> {
  return async (operations) => {
    await using _listener = await listen(servers, 0);
    await using broker = new NatsBroker(servers, { requestTimeout: PATIENCE, logger: false });
    await broker.start();
    return await askInLanes(operations, async (count) => {
      const options = { correlationId: idOf(count) };
      const { body, headers, correlationId } = await broker.request(
        SUBJECT,
        orderOf(count),
        options,
      );
      return { body, type: headers.get("content-type"), id: correlationId };
    });
  };
}

/** Reads of an answer what the other side does, which is more where there are headers. */
function askingBare(
  servers: string,
  answer: (message: Msg) => void,
  given: (id: string) => MsgHdrs | undefined,
): Side<readonly Told[]> {
  return async (operations) => {
    await using _listener = await listenBare(servers, answer);
    await using client = await connectAlike(servers);
    return await askInLanes(operations, async (count) => {
      const headers = given(idOf(count));
      const options = { timeout: PATIENCE, ...(headers && { headers }) };
      const message = await client.request(SUBJECT, encoded(orderOf(count)), options);
      return headers ? told(message, message.json()) : { body: message.json() };
    });
  };
}

function askInLanes(operations: number, ask: Ask): Promise<readonly Told[]> {
  let left = operations;
  const lane = async (count: number) => {
    let last: Told | undefined;
    while (left-- > 0) last = await ask(count);
    return last!;
  };
  return Promise.all(lanes(operations, lane));
}

function sending(servers: string, body: unknown, awaited: boolean): Side<Told> {
  return async (operations) => {
    await using broker = new NatsBroker(servers, { logger: false });
    await broker.start();
    const send = (subject: string) => broker.publish(subject, body);
    return await sendWitnessed(servers, operations, send, () => broker.flush(), awaited);
  };
}

function sendingBare(
  servers: string,
  encode: () => Uint8Array,
  given: () => MsgHdrs | undefined,
): Side<Told> {
  return async (operations) => {
    await using client = await connectAlike(servers);
    const send = (subject: string) => {
      const headers = given();
      client.publish(subject, encode(), headers && { headers });
    };
    return await sendWitnessed(servers, operations, send, () => client.flush(), false);
  };
}

async function sendWitnessed(
  servers: string,
  operations: number,
  send: (subject: string) => void | Promise<void>,
  flush: () => Promise<void>,
  awaited: boolean,
): Promise<Told> {
  await using witness = await connectAlike(servers);
  const { promise, resolve } = Promise.withResolvers<Told>();
  const subject = createInbox();
  witness.subscribe(subject, {
    callback: (_error, message) => resolve(told(message, message.string())),
  });
  await witness.flush();
  for (let n = 1; n < operations; n++) {
    const sent = send(NOBODY);
    if (awaited) await sent;
    if (n % FLUSHED === 0) await flush();
  }
  await send(subject);
  return await promise;
}

/** So many at once, and no more than there is to do. */
function lanes<Lane>(operations: number, lane: (count: number) => Lane): Lane[] {
  return Array.from({ length: Math.min(AT_ONCE, operations) }, (_, count) => lane(count));
}

function orderOf(count: number): Order {
  return { item: "tea", count };
}

function doubled({ item, count }: Order): Order {
  return { item, count: count * 2 };
}

/** As long as a random one, and known to whoever checks the answer. */
function idOf(count: number): string {
  return `order-${count}`.padEnd(22, "-");
}

function encoded(order: Order): Uint8Array {
  return encoder.encode(JSON.stringify(order));
}

function headersOf(type: string, id: string): MsgHdrs {
  const made = headers();
  made.set("content-type", type);
  made.set("correlation_id", id);
  return made;
}

function told({ headers }: Msg, body: unknown): Told {
  return { body, type: headers?.get("content-type"), id: headers?.get("correlation_id") };
}

function areAnswers(answers: readonly Told[]): boolean {
  return areDoubled(answers) &&
    answers.every(({ type, id }, count) => type === JSON_TYPE && id === idOf(count));
}

function areDoubled(answers: readonly Told[]): boolean {
  return answers.length > 0 &&
    answers.every(({ body }, count) =>
      JSON.stringify(body) === JSON.stringify(doubled(orderOf(count)))
    );
}
