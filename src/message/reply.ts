import { ERROR_CODE, ERROR_TEXT, type HeaderFields, headerFields } from "./headers.ts";
import { RemoteError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { checkSubject } from "../subject/subject.ts";
import type { ReceivedMessage } from "./message.ts";

/** What a reply has besides its body. */
export interface ReplyOptions {
  /** Additional headers. */
  readonly headers?: HeaderFields;
  /** Where the caller should send its next message. */
  readonly replyTo?: string;
}

/** The result of {@linkcode reply}. */
export class Reply {
  // private, so that one that is sent as a body is refused
  readonly #body: unknown;
  readonly #options: ReplyOptions;

  /** Makes one; a handler returns it instead of a body. */
  constructor(body: unknown, options: ReplyOptions) {
    this.#body = body;
    this.#options = options;
  }

  /** The body of the reply. */
  get body(): unknown {
    return this.#body;
  }

  /** The options of the reply. */
  get options(): ReplyOptions {
    return this.#options;
  }
}

/**
 * Makes a reply with headers or with a reply address; a handler that needs neither returns just the body.
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

/** An error as an answer. */
export interface ErrorReply {
  readonly headers: HeaderFields;
  readonly body: unknown;
}

/** The longest error text, in characters: an error longer than a message may be would not arrive. */
const LONGEST = 1_024;

/** Makes one; without data the body repeats the headers, for callers that read only bodies. */
export function errorReply(code: number, description: string, data?: unknown): ErrorReply {
  // replace line breaks, which would end the header
  const line = description.slice(0, LONGEST).replace(/[\r\n\0]+/g, " ").trim() || "Error";
  const headers = { [ERROR_CODE]: String(code), [ERROR_TEXT]: line };
  return { headers, body: data === undefined ? { code, description: line } : data };
}

/** The error that an answer carries; `undefined` if the answer is a value. */
export function remoteErrorOf(subject: string, answer: ReceivedMessage): RemoteError | undefined {
  const code = answer.headers.get(ERROR_CODE);
  const text = answer.headers.get(ERROR_TEXT);
  if (code === undefined && text === undefined) return undefined;
  return new RemoteError(subject, codeOf(code), text ?? "", dataOf(answer), code ?? "");
}

/** A code as a number; 0 if it is not a whole number, as other services may send any text. */
export function codeOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** The body of an error; its bytes if it does not decode, as its format is free. */
function dataOf(answer: ReceivedMessage): unknown {
  try {
    return answer.body;
  } catch {
    return answer.data;
  }
}

/** All error codes that a caller can get instead of a value, in `Nats-Service-Error-Code` (ADR-32). */
export const ERROR_CODES = {
  /** The body does not decode, or does not fit the schema; the data holds the issues. */
  badRequest: 400,
  /** No filter of the subject's handlers takes this message. */
  notFound: 404,
  /** The reply is larger than the server's limit. */
  tooLarge: 413,
  /** Too many messages wait for the handler, or a middleware's limit is exceeded. */
  tooMany: 429,
  /** The handler threw, or its reply could not be encoded or did not fit its schema; only our log shows the reason. */
  internal: 500,
  /** The broker stops, and the handler did not finish in time. */
  unavailable: 503,
  /** The caller's timeout passed before the handler began, or the middleware `timeout()` ended the wait. */
  deadline: 504,
} as const;
