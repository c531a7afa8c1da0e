import { decodeBase64, encodeBase64 } from "./base64.ts";
import { type Frame, Wire } from "./wire.ts";

/** Where the recorded frames are. */
export const RECORDING = new URL("session_frames.json", import.meta.url);

/** Everything recorded. */
export interface Recording {
  readonly server: string;
  readonly scenes: readonly RecordedScene[];
}

/** All messages of one exchange, in the order the server saw them. */
export interface RecordedScene {
  readonly name: string;
  readonly frames: readonly RecordedFrame[];
}

/** One message, with the tokens of inboxes and ids made stable. */
export interface RecordedFrame {
  readonly subject: string;
  readonly replyTo?: string;
  /** The lines of its headers. */
  readonly headers?: readonly string[];
  readonly text?: string;
  /** What is no text, in base 64. */
  readonly bytes?: string;
}

const FINISHED = "recording.finished";
const NOTHING = new Uint8Array(0);
const INBOX = /\b(_\w+)\.([0-9A-Za-z]{22})\b/g;
const NUMBERED_NAME = /^(\d{1,15})(\D)$/;
const BARE_NAME = /^(\d{1,15})(\D)(?:\d{15})?$/;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The recorded frames. */
export async function readRecording(): Promise<Recording> {
  return JSON.parse(await Deno.readTextFile(RECORDING));
}

/** Gives every message that passes the server while something is done. */
export async function overheard(
  url: string,
  act: () => Promise<void>,
): Promise<readonly RecordedFrame[]> {
  using wire = await Wire.connect(url);
  await wire.subscribe(">");
  await act();
  await wire.publish({ subject: FINISHED, replyTo: "", header: NOTHING, payload: NOTHING });
  const names = new Names();
  const frames: RecordedFrame[] = [];
  for (let frame; (frame = await wire.any()).subject !== FINISHED;) frames.push(names.of(frame));
  return frames;
}

/** A recorded frame's payload. */
export function payloadOf({ text, bytes }: RecordedFrame): Uint8Array {
  return bytes === undefined ? new TextEncoder().encode(text) : decodeBase64(bytes);
}

/** How long a recorded frame's header block was, in bytes. */
export function headerSizeOf({ headers }: RecordedFrame): number {
  if (!headers) return 0;
  return new TextEncoder().encode(["NATS/1.0", ...headers, "", ""].join("\r\n")).length;
}

/** A numbered frame, by itself or out of a message of several. */
export interface Part {
  readonly number: number;
  readonly code: string;
  readonly payload: Uint8Array;
  /** In bytes, headers included. */
  readonly size: number;
}

/**
 * The letter or code of a message, and its number, in the last token of its reply address, or else its subject; there a
 * secret may follow.
 */
export function nameOf({ subject, replyTo = subject }: RecordedFrame) {
  const name = replyTo.slice(replyTo.lastIndexOf(".") + 1);
  const isBare = replyTo === subject;
  const [, number, code] = (isBare ? BARE_NAME : NUMBERED_NAME).exec(name) ?? [];
  if (code !== undefined) return { code, number: Number(number) };
  const [, letter, serial] = /^(\D)(\d{1,15})$/.exec(name) ?? [];
  return letter === undefined ? undefined : { letter, number: Number(serial) };
}

/** What stands behind the name of a frame without a reply address. */
export function secretOf({ subject }: RecordedFrame): string {
  return /\D(\d*)$/.exec(subject)![1]!;
}

/** The frames of a numbered message: its own, or with `s` those that it holds. */
export function partsOf(frame: RecordedFrame, number: number, code: string): readonly Part[] {
  const payload = payloadOf(frame);
  if (code !== "s") {
    return [{ number, code, payload, size: payload.length + headerSizeOf(frame) }];
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const parts: Part[] = [];
  for (let at = 0; at < payload.length;) {
    const end = at + 5 + view.getUint32(at + 1);
    if (end > payload.length) throw new RangeError(`Cannot read a pack: ${JSON.stringify(frame)}`);
    parts.push({
      number: number + parts.length,
      code: String.fromCharCode(payload[at]!),
      payload: payload.slice(at + 5, end),
      size: end - at - 5,
    });
    at = end;
  }
  return parts;
}

/** Inboxes are told apart by their number within a scene, so that recording again changes little. */
class Names {
  readonly #names = new Map<string, string>();

  of({ subject, replyTo, header, payload }: Frame): RecordedFrame {
    const block = strict.decode(header).split("\r\n").slice(1).filter((line) => line !== "");
    return {
      subject: this.#stable(subject),
      ...(replyTo && { replyTo: this.#stable(replyTo) }),
      ...(header.length > 0 && { headers: block }),
      ...contentOf(payload),
    };
  }

  #stable(subject: string): string {
    return subject.replace(INBOX, (inbox, prefix) => {
      const named = [...this.#names.values()].filter((name) => name.startsWith(`${prefix}.`));
      const name = this.#names.get(inbox) ?? `${prefix}.${named.length + 1}`;
      this.#names.set(inbox, name);
      return name;
    });
  }
}

function contentOf(payload: Uint8Array): Pick<RecordedFrame, "text" | "bytes"> {
  if (payload.length === 0) return {};
  try {
    const text = strict.decode(payload);
    return /^[\x20-\x7e\xa0-\uffff]*$/.test(text) ? { text } : { bytes: encodeBase64(payload) };
  } catch {
    return { bytes: encodeBase64(payload) };
  }
}
