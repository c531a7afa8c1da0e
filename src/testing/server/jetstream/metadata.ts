import { API_LEVEL, VERSION } from "../info.ts";

const REQUIRED = "_nats.req.level";
const SERVER_VERSION = "_nats.ver";
const SERVER_LEVEL = "_nats.level";

/** The size limit of metadata in bytes, keys and values together. */
export const MAX_METADATA: number = 128 * 1_024;
/** String values by arbitrary keys: the client's own, and the server's `_nats.*` ones. */
export type Metadata = Readonly<Record<string, string>>;

/** Adds the required API level. Drops metadata that only responses contain. */
export function withLevel(metadata: Metadata, level: number): Metadata {
  const { [SERVER_VERSION]: _, [SERVER_LEVEL]: __, ...kept } = metadata;
  return { ...kept, [REQUIRED]: String(level) };
}

/** Metadata as responses show it, with the server's version and API level. */
export function withServer(metadata: Metadata): Metadata {
  const own = { [SERVER_VERSION]: VERSION, [SERVER_LEVEL]: String(API_LEVEL) };
  const entries = Object.entries({ ...metadata, ...own });
  entries.sort(([one], [other]) => one < other ? -1 : 1);
  return Object.fromEntries(entries);
}

/** The size in bytes, keys and values together. */
export function lengthOf(metadata: Metadata): number {
  return Object.entries(metadata).reduce((sum, [name, text]) => sum + name.length + text.length, 0);
}
