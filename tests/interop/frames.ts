import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Meaning } from "./meaning.ts";
import type { Frame } from "./wire.ts";

/** Where the recorded frames are. */
export const RECORDING = new URL("faststream_frames.json", import.meta.url);

/** Everything recorded. */
export interface Recording {
  readonly versions: Readonly<Record<string, string>>;
  readonly fromFastStream: readonly Recorded[];
  readonly fromSignalbox: readonly Recorded[];
}

/** What one side put on the wire, and what it is to the other. */
export interface Recorded {
  readonly name: string;
  readonly way: "publish" | "reply";
  readonly subject: string;
  readonly replyTo: string;
  readonly header: string;
  readonly payload: string;
  /** What was sent. */
  readonly sent: Meaning;
  /** What the other side read, and did so while this was recorded. */
  readonly read: Meaning;
  readonly correlationId: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The recorded frames. */
export async function readRecording(): Promise<Recording> {
  return JSON.parse(await Deno.readTextFile(RECORDING));
}

/** What goes into the recording of a frame. */
export function written({ subject, replyTo, header, payload }: Frame) {
  return { subject, replyTo, header: encodeBase64(header), payload: encodeBase64(payload) };
}

/** A recorded frame's bytes. */
export function frameOf({ subject, replyTo, header, payload }: Recorded): Frame {
  return { subject, replyTo, header: decodeBase64(header), payload: decodeBase64(payload) };
}
