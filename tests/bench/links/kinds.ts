import type { Msg } from "@nats-io/transport-deno";
import { encoded, orderOf } from "../handlers/orders.ts";

export const BYTES = new TextEncoder().encode("128 bytes, which is a frame.".padEnd(128, "."));

/** What is sent, and how the bare client writes and reads it; both sides have the same in hand then. */
export interface Kind {
  /** The body of the frame that has this number. */
  readonly body: (number: number) => unknown;
  readonly encode: (number: number) => Uint8Array;
  readonly decode: (message: Msg) => unknown;
  readonly right: (body: unknown, number: number) => boolean;
}

export const BYTES_KIND: Kind = {
  body: () => BYTES,
  encode: () => BYTES,
  decode: (message) => message.data,
  right: (body) => body instanceof Uint8Array && body.length === BYTES.length,
};

export const JSON_KIND: Kind = {
  body: orderOf,
  encode: (number) => encoded(orderOf(number)),
  decode: (message) => message.json(),
  right: (body, number) => (body as { count?: unknown }).count === number,
};

/** How many bodies were sent, and how many came in order and whole. */
export interface Carried {
  readonly sent: number;
  readonly right: number;
}

/** Counts what comes, and tells whether each is what was sent at its place. */
export class Count {
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
