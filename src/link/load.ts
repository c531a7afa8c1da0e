import { notConnected } from "../connection/client_errors.ts";
import { checkSubject } from "../subject/subject.ts";
import type { LinkContext } from "./ends/link_context.ts";
import {
  checkRequestStream,
  linkSettings,
  type OpenSessionOptions,
  type RequestStreamOptions,
} from "./link_options.ts";
import type { Session } from "./session.ts";
import { handled } from "../promises.ts";
import type { Message } from "../message/message.ts";
import type { RequestedStream } from "./ends/requested_stream.ts";
import type { LinkEnd } from "./link_error.ts";
import type { ReplyStream } from "./stream.ts";
import { readableOf } from "./web_streams.ts";

/** What streams and sessions are made with. */
type LinkModules = typeof import("./ends/opening.ts");

let modules: LinkModules | undefined;
let loading: Promise<LinkModules> | undefined;

/**
 * Loads what streams and sessions are made with, which is a third of the core: a program that only declares its
 * handlers, or prints their permissions, does without.
 */
function load(): Promise<LinkModules> {
  return loading ??= import("./ends/opening.ts").then(
    (loaded) => modules = loaded,
    (error) => {
      // a file that could not be fetched may be there the next time
      loading = undefined;
      throw error;
    },
  );
}

/** Settles as `connected` does, once all is loaded too: whoever opens a stream or a session then need not wait. */
export function loadingLinks(connected: Promise<void>): Promise<void> {
  return modules ? connected : Promise.all([connected, load()]).then(() => {});
}

/** Asks for a streamed reply; the question is sent before this returns, unless the broker still connects. */
export function requestStream(
  context: LinkContext,
  subject: string,
  body: unknown,
  options: RequestStreamOptions,
): ReplyStream {
  if (modules) return modules.requestStream(context, subject, body, options);
  checkSubject("request a stream", subject);
  checkRequestStream(options);
  linkSettings(`open "${subject}"`, options);
  if (!context.connection.isOpen) throw notConnected(`open "${subject}"`);
  const request = async () => (await load()).requestStream(context, subject, body, options);
  return new AwaitedStream(subject, request());
}

/** Opens a session, and waits until it is accepted. */
export function openSession(
  context: LinkContext,
  subject: string,
  body: unknown,
  options: OpenSessionOptions,
): Promise<Session> {
  const open = ({ openSession }: LinkModules) => openSession(context, subject, body, options);
  return modules ? open(modules) : load().then(open);
}

/** A stream that was asked for before it could be made, while the first broker of a process connects. */
class AwaitedStream implements ReplyStream {
  readonly #stream: Promise<RequestedStream>;
  readonly #subject: string;
  #readable: ReadableStream | undefined;

  constructor(subject: string, stream: Promise<RequestedStream>) {
    this.#subject = subject;
    this.#stream = handled(stream);
  }

  get ended(): Promise<LinkEnd> {
    return this.#stream.then(({ ended }) => ended, () => "error");
  }

  get readable(): ReadableStream {
    return this.#readable ??= readableOf({
      next: () => this.#stream.then((stream) => stream.next()),
      leave: (reason) => void this.#stream.then((stream) => stream.leave(reason), () => {}),
    });
  }

  async close(): Promise<void> {
    await this.#stream.then((stream) => stream.close(), () => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    const parts = handled(this.#stream.then((stream) => stream[Symbol.asyncIterator]()));
    return {
      next: () => handled(parts.then((parts) => parts.next())),
      return: () =>
        parts.then((parts) => parts.return!(), () => ({ done: true, value: undefined })),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What a log shows: the subject, which is no field. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `ReplyStream ${inspect({ subject: this.#subject }, how)}`;
  }
}
