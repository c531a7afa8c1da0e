import { API_LEVEL, VERSION } from "../info.ts";

const REQUIRED = "_nats.req.level";
const SERVER_VERSION = "_nats.ver";
const SERVER_LEVEL = "_nats.level";

/** How long metadata may be, names and texts together. */
export const MAX_METADATA: number = 128 * 1_024;
/** Texts by names that are free: what clients note of a stream or a consumer, and what the server does. */
export type Metadata = Readonly<Record<string, string>>;

/** Metadata with the level of the API that is needed. What answers tell of the server is not kept. */
export function withLevel(metadata: Metadata, level: number): Metadata {
  const { [SERVER_VERSION]: _, [SERVER_LEVEL]: __, ...kept } = metadata;
  return { ...kept, [REQUIRED]: String(level) };
}

/** Metadata as answers show it, with what the server says of itself. */
export function withServer(metadata: Metadata): Metadata {
  const own = { [SERVER_VERSION]: VERSION, [SERVER_LEVEL]: String(API_LEVEL) };
  const entries = Object.entries({ ...metadata, ...own });
  entries.sort(([one], [other]) => one < other ? -1 : 1);
  return Object.fromEntries(entries);
}

/** How long it is, names and texts together. */
export function lengthOf(metadata: Metadata): number {
  return Object.entries(metadata).reduce((sum, [name, text]) => sum + name.length + text.length, 0);
}
