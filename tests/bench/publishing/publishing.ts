import { connect, createInbox, type MsgHdrs } from "@nats-io/transport-deno";
import { brokerOf, type Ends } from "../ends.ts";
import { encoded, headersOf, JSON_TYPE, orderOf, type Told } from "../handlers/orders.ts";
import type { Side, Work } from "../work.ts";
import { RawSocket } from "./raw_socket.ts";
import { publishWitnessed } from "./witness.ts";

const TEXT = "sixteen bytes ok";
/** As seldom as a program flushes that only publishes. */
const SELDOM = 1_000;
/** As often as a program flushes that has to know. */
const OFTEN = 10;

/** What is published, and how the bare client writes it. */
interface Kind {
  readonly name: string;
  readonly body: unknown;
  readonly type: string;
  readonly encode: () => Uint8Array;
}

const encoder = new TextEncoder();
const BYTES = encoder.encode(TEXT);
const ORDER = orderOf(7);
const BYTES_KIND: Kind = {
  name: "bytes",
  body: BYTES,
  type: "application/octet-stream",
  encode: () => BYTES,
};
const KINDS: readonly Kind[] = [
  BYTES_KIND,
  { name: "text", body: TEXT, type: "text/plain", encode: () => encoder.encode(TEXT) },
  { name: "JSON", body: ORDER, type: JSON_TYPE, encode: () => encoded(ORDER) },
];

const noHeaders = () => undefined;

/** Messages with our headers, beside the same headers and beside none. */
export function publishing(ends: Ends): readonly Work<Told>[] {
  return KINDS.flatMap((kind) => {
    const { name, type } = kind;
    const work = { unit: "messages", ours: publishOurs(ends, kind, SELDOM) };
    const withHeaders = () => headersOf(type, createInbox(""));
    return [
      {
        ...work,
        name: `publish ${name}, beside the same headers`,
        aim: 1.2,
        rival: publishBare(ends, kind, withHeaders),
        right: (told: Told) => isKind(kind, told) && told.type === type && told.id !== undefined,
      },
      {
        ...work,
        name: `publish ${name}, beside no headers`,
        aim: 0.8,
        rival: publishBare(ends, kind, noHeaders),
        right: (told: Told) => isKind(kind, told),
      },
    ];
  });
}

/** How near to what a socket and the server can do, with few flushes and with many. */
export function publishingBesideRaw(ends: Ends): readonly Work<Told>[] {
  const { type, name } = BYTES_KIND;
  return ([[SELDOM, 0.4], [OFTEN, 0.6]] as const).map(([flushed, aim]) => ({
    name: `publish ${name}, ${flushed} a flush, beside a raw socket`,
    unit: "messages",
    aim,
    ours: publishOurs(ends, BYTES_KIND, flushed),
    rival: async (operations) => {
      using socket = await RawSocket.connect(ends.servers, type, TEXT);
      const publish = (subject: string) => socket.publish(subject);
      return await publishWitnessed(ends, operations, {
        publish,
        flush: () => socket.flush(),
        flushed,
      });
    },
    right: (told: Told) => isKind(BYTES_KIND, told) && told.type === type,
  }));
}

/** A few messages at a time, beside a client that is used as it comes, with the same headers and with none. */
export function publishingAndFlushing(ends: Ends): readonly Work<Told>[] {
  const rival = (headersNow: () => MsgHdrs | undefined): Side<Told> => async (operations) => {
    await using client = await connect({ servers: ends.servers });
    const publish = (subject: string) => {
      const headers = headersNow();
      client.publish(subject, BYTES, headers && { headers });
    };
    const flush = () => client.flush();
    return await publishWitnessed(ends, operations, { publish, flush, flushed: OFTEN });
  };
  const work = { unit: "messages", ours: publishOurs(ends, BYTES_KIND, OFTEN) };
  const right = (told: Told) => isKind(BYTES_KIND, told);
  const same = () => headersOf(BYTES_KIND.type, createInbox(""));
  return [
    { ...work, name: `publish ${OFTEN} and flush`, aim: 2, rival: rival(noHeaders), right },
    {
      ...work,
      name: `publish ${OFTEN} and flush, beside the same headers`,
      aim: 1,
      rival: rival(same),
      right,
    },
  ];
}

function publishOurs(ends: Ends, { body }: Kind, flushed: number): Side<Told> {
  return async (operations) => {
    await using broker = brokerOf(ends.servers);
    await broker.start();
    const publish = (subject: string) => broker.publish(subject, body);
    return await publishWitnessed(ends, operations, {
      publish,
      flush: () => broker.flush(),
      flushed,
    });
  };
}

function publishBare(
  ends: Ends,
  { encode }: Kind,
  headersNow: () => MsgHdrs | undefined,
): Side<Told> {
  return async (operations) => {
    await using client = await ends.connect();
    const publish = (subject: string) => {
      const headers = headersNow();
      client.publish(subject, encode(), headers && { headers });
    };
    const flush = () => client.flush();
    return await publishWitnessed(ends, operations, { publish, flush, flushed: SELDOM });
  };
}

function isKind({ encode }: Kind, { body }: Told): boolean {
  return body === new TextDecoder().decode(encode());
}
