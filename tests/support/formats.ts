import type { Codec } from "@signalbox/nats";
import { fromNpm } from "./npm.ts";

/** An encoding by a package of npm, and a body that it carries and JSON does not. */
export interface Format {
  readonly contentType: string;
  readonly codec: Codec;
  readonly body: unknown;
  /** A body that it cannot encode. */
  readonly unfit: unknown;
  /** Bytes that it cannot decode. */
  readonly broken: Uint8Array;
}

interface Functions {
  encode(body: unknown): Uint8Array;
  decode(data: Uint8Array): unknown;
}

const cyclic: unknown[] = [];
cyclic.push(cyclic);

export const messagePack: () => Promise<Format> = async () => {
  const { encode, decode } = await fromNpm<Functions>("@msgpack/msgpack@3");
  return {
    contentType: "application/msgpack",
    codec: { encode, decode },
    body: { item: "tea", count: 2, picture: new Uint8Array([0, 255, 7]) },
    unfit: cyclic,
    broken: new Uint8Array([0xc1]),
  };
};

export const cbor: () => Promise<Format> = async () => {
  const { encode, decode } = await fromNpm<Functions>("cborg@4");
  return {
    contentType: "application/cbor",
    codec: { encode, decode },
    body: { item: "tea", count: 2n ** 60n, picture: new Uint8Array([0, 255, 7]) },
    unfit: cyclic,
    broken: new Uint8Array([0xff]),
  };
};

interface ProtobufType {
  verify(order: unknown): string | null;
  fromObject(order: unknown): unknown;
  encode(order: unknown): { finish(): Uint8Array };
  decode(data: Uint8Array): unknown;
  toObject(order: unknown): unknown;
}

interface Protobuf {
  readonly default: {
    parse(text: string): { readonly root: { lookupType(name: string): ProtobufType } };
  };
}

export const protocolBuffers: () => Promise<Format> = async () => {
  const { default: { parse } } = await fromNpm<Protobuf>("protobufjs@8");
  const fields = "string item = 1; int32 count = 2; bytes picture = 3;";
  const { root } = parse(`syntax = "proto3"; message Order { ${fields} }`);
  const type = root.lookupType("Order");
  const encode = (order: unknown) => {
    const wrong = type.verify(order);
    if (wrong) throw new TypeError(wrong);
    return type.encode(type.fromObject(order)).finish();
  };
  const decode = (data: Uint8Array) => {
    const { picture, ...order } = type.toObject(type.decode(data)) as { picture: Uint8Array };
    return { ...order, picture: new Uint8Array(picture) };
  };
  return {
    contentType: "application/vnd.shop.order+protobuf",
    codec: { encode, decode },
    body: { item: "tea", count: 2, picture: new Uint8Array([0, 255, 7]) },
    unfit: { item: 5 },
    broken: new Uint8Array([10, 200]),
  };
};

/** The encodings that programs ask for most, by name. */
export const FORMATS: Readonly<Record<string, () => Promise<Format>>> = {
  MessagePack: messagePack,
  CBOR: cbor,
  "Protocol Buffers": protocolBuffers,
};
