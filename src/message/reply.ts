import { type HeaderFields, headerFields } from "./headers.ts";
import { RemoteError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { checkSubject } from "../subject/subject.ts";
import type { ReceivedMessage } from "./message.ts";

/** The two headers of ADR-32 that mark an answer as an error. */
export const ERROR_CODE = "Nats-Service-Error-Code";
export const ERROR_TEXT = "Nats-Service-Error";

/** A reply that says more than its body. */
export interface ReplyOptions {
  /** Headers beside ours. */
  readonly headers?: HeaderFields;
  /** Where the caller's next word is to go. */
  readonly replyTo?: string;
}

/** What {@linkcode reply} makes. */
export class Reply {
  /** What the reply says. */
  readonly body: unknown;
  /** What goes with it. */
  readonly options: ReplyOptions;

  /** Makes one; a handler gives it back in place of a body. */
  constructor(body: unknown, options: ReplyOptions) {
    this.body = body;
    this.options = options;
  }
}

/**
 * A reply with headers or with an address to go on at; a handler that has just a body to give returns that.
 *
 * @throws {TypeError} naming the option that is wrong
 *
 * @example
 * ```ts
 * import { NatsBroker, reply } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("page", () => reply("…", { headers: { "X-Page": "1" } }));
 * await using _test = await TestBroker.start(broker);
 * assertEquals((await broker.request("page")).headers.get("x-page"), "1");
 * ```
 */
export function reply(body: unknown, options: ReplyOptions = {}): Reply {
  checkOptions("reply", options, {
    headers: headerFields,
    replyTo: (value) => typeof value === "string" ? undefined : "a subject",
  });
  if (options.replyTo !== undefined) checkSubject("reply", options.replyTo);
  return new Reply(body, options);
}

/** An answer that says what went wrong. */
export interface ErrorReply {
  readonly headers: HeaderFields;
  readonly body: unknown;
}

/** An error whose text is longer than a message may be would not arrive at all; in characters. */
const LONGEST = 1_024;

/** Makes one; without data the body repeats what the headers say, for those who read bodies alone. */
export function errorReply(code: number, description: string, data?: unknown): ErrorReply {
  // a line break would end the header, and any text may be here
  const line = description.slice(0, LONGEST).replace(/[\r\n\0]+/g, " ").trim() || "Error";
  const headers = { [ERROR_CODE]: String(code), [ERROR_TEXT]: line };
  return { headers, body: data === undefined ? { code, description: line } : data };
}

/** The error that an answer carries, `undefined` for one that is a value. */
export function remoteErrorOf(subject: string, answer: ReceivedMessage): RemoteError | undefined {
  const code = answer.headers.get(ERROR_CODE);
  const text = answer.headers.get(ERROR_TEXT);
  if (code === undefined && text === undefined) return undefined;
  return new RemoteError(subject, codeOf(code), text ?? "", dataOf(answer), code ?? "");
}

/** A code as a number; 0 where it is not a whole one, as services of others may send any text. */
export function codeOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** The body of an error is free: one that does not decode is given as its bytes. */
function dataOf(answer: ReceivedMessage): unknown {
  try {
    return answer.body;
  } catch {
    return answer.data;
  }
}
