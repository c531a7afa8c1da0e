import { describe, text } from "../options.ts";
import type { Stream } from "./stream/stream.ts";

/** How to reach JetStream. */
export interface JetStreamOptions {
  /**
   * The domain of JetStream.
   *
   * @default {that of the server}
   */
  readonly domain?: string;
  /**
   * Streams to declare at start, besides those of consumers and publishers.
   *
   * @default {[]}
   */
  readonly streams?: readonly Stream[];
}

/** The rules of {@linkcode JetStreamOptions}. */
export const JETSTREAM_RULES = { domain: text, streams: listOfStreams };

function listOfStreams(value: unknown): string | undefined {
  return Array.isArray(value) ? undefined : `a list of streams: ${describe(value)}`;
}
