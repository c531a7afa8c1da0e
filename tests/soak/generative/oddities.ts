import { reply, ReplyError } from "@signalbox/nats";

const cycle: { self?: unknown } = {};
cycle.self = cycle;

/** What a handler may throw, wisely or not, and the code its caller is told. */
export const THROWN: Readonly<Record<string, { readonly code: number; make(): unknown }>> = {
  undefined: { code: 500, make: () => undefined },
  null: { code: 500, make: () => null },
  text: { code: 500, make: () => "no" },
  number: { code: 500, make: () => 404 },
  symbol: { code: 500, make: () => Symbol("no") },
  error: { code: 500, make: () => new Error("no") },
  nameless: { code: 500, make: () => Object.create(null) },
  unwritable: { code: 500, make: () => ({ toString: () => ({}) }) },
  reply: { code: 418, make: () => new ReplyError(418, "No", { pot: true }) },
  lines: { code: 418, make: () => new ReplyError(418, "No\r\nX-Way: in\r\n\r\n\0") },
  cycle: { code: 418, make: () => new ReplyError(418, "No", cycle) },
  bigint: { code: 418, make: () => new ReplyError(418, "No", { pots: 1n }) },
  oversize: { code: 418, make: () => new ReplyError(418, "No", "x".repeat(20_000)) },
  wordy: { code: 418, make: () => new ReplyError(418, "No".repeat(10_000)) },
};

/** What a handler may give back, and the code its caller is told; 0 for an answer. */
export const REPLIES: Readonly<Record<string, { readonly code: number; make(): unknown }>> = {
  undefined: { code: 0, make: () => undefined },
  null: { code: 0, make: () => null },
  bytes: { code: 0, make: () => new Uint8Array([0xff, 0, 13, 10]) },
  empty: { code: 0, make: () => "" },
  surrogate: { code: 0, make: () => "\ud800" },
  cycle: { code: 500, make: () => cycle },
  bigint: { code: 500, make: () => ({ big: 1n }) },
  function: { code: 500, make: () => () => {} },
  symbol: { code: 500, make: () => Symbol("no") },
  oversize: { code: 413, make: () => "x".repeat(20_000) },
  headers: { code: 500, make: () => reply("", { headers: { "X\r\nY": "1" } }) },
  lines: { code: 500, make: () => reply("", { headers: { "X": "1\r\nY: 2" } }) },
  thrower: {
    code: 500,
    make: () => ({
      toJSON: () => {
        throw undefined;
      },
    }),
  },
  thenable: {
    code: 500,
    make: () => ({
      get then() {
        throw null;
      },
    }),
  },
};
