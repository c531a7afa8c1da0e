import type { Forged } from "./spy.ts";

const LINK = "\r\nSignalbox-Link: 1 session frames=9 bytes=9 body=9 responses=0";
const END = "\r\nSignalbox-End: cancelled";
const MOST = "999999999999999";
const HUGE = "9999999999999999";
const JSON_TYPE = "\r\ncontent-type: application/json";

/** Frames that do what frames must not, by the name in the address that they come with. */
export const FORGERIES: readonly (readonly [name: string, forged: Forged])[] = [
  ["1t", { payload: "again" }],
  ["3t", { payload: "too early" }],
  ["100000t", { payload: "far beyond" }],
  [`${MOST}t`, { payload: "the last there is" }],
  ["0t", { payload: "no number" }],
  ["1_t", {}],
  ["-1t", {}],
  ["2m", { payload: "a piece, and no more" }],
  ["2h", { header: "", payload: new Uint8Array([0xff, 0xfe]) }],
  ["2h", { header: JSON_TYPE, payload: "{" }],
  ["2j", { payload: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}' }],
  ["2j", { payload: "[".repeat(200_000) }],
  ["2t", { payload: new Uint8Array([0xff, 0xc3]) }],
  ["2e", {}],
  ["2f", {}],
  ["2f", { header: "\r\nNats-Service-Error-Code: NaN\r\nSignalbox-End: __proto__", payload: "{" }],
  [`${MOST}f`, {}],
  ["c9", { payload: `1 ${HUGE} ${HUGE} 1 0` }],
  ["c9", { payload: `${HUGE} 0 0 0 0` }],
  ["c9", { payload: `1 0 0 ${HUGE} 0` }],
  ["c9", { payload: `1 9 9 1 ${HUGE}` }],
  ["c9", { payload: "-1 NaN Infinity 0x1 1e9" }],
  ["c9", { payload: "" }],
  ["c9", { payload: "x".repeat(100_000) }],
  [`c${MOST}`, { payload: "1 9 999 1 0" }],
  ["p9", { payload: `1 9 999 ${HUGE} 0` }],
  ["p9", { header: `\r\nx: ${"x".repeat(200_000)}`, payload: "1 9 999 1 0" }],
  ["g9", { payload: "0 1024 1048576 0 0" }],
  ["d9", { payload: "1 1024 1048576 1 0" }],
  ["q9", { payload: "1 1024 1048576 1 0" }],
  ["o1", { header: LINK }],
  ["x1", { header: END }],
  ["x1", { header: "\r\nNats-Service-Error-Code: 500", payload: "\xff" }],
  ["", {}],
  ["__proto__", { payload: "1 1 1 1 1" }],
  ["z1", { payload: "1 1 1 1 1" }],
  ["é".repeat(50), {}],
];
