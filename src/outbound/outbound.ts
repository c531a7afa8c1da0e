import type { Connection } from "../connection/connection.ts";
import { TimeoutError } from "../errors.ts";
import type { Question, Requests } from "../inbox/requests.ts";
import { newToken } from "../inbox/token.ts";
import type { Message } from "../message/message.ts";
import { compose as encode } from "../message/outgoing.ts";
import { currentWork } from "../message/work.ts";
import { compose } from "../middleware/compose.ts";
import type { Draft, PublishMiddleware } from "../middleware/middleware.ts";
import {
  checkPublish,
  checkRequest,
  type PublishOptions,
  type RequestOptions,
} from "./send_options.ts";

/** What things are sent over. */
export interface Ways {
  readonly connection: Connection;
  readonly requests: Requests;
  /** Milliseconds, for a request that names none. */
  readonly requestTimeout: number;
}

/** A draft, and what is asked with it where it is a request. */
interface Sent {
  readonly draft: Draft;
  readonly question: Question | undefined;
}

/** The way out: every draft passes the middleware for what is sent, is encoded, and goes to the connection. */
export class Outbound {
  readonly #ways: Ways;
  readonly #chain: ((sent: Sent) => unknown) | undefined;

  constructor(ways: Ways, middleware: readonly PublishMiddleware[]) {
    this.#ways = ways;
    if (middleware.length === 0) return;
    const links = middleware.map((each) => (sent: Sent, next: (sent: Sent) => Promise<unknown>) =>
      each(sent.draft, (draft) => next({ ...sent, draft }))
    );
    this.#chain = compose(links, (sent) => this.#pass(sent));
  }

  /** Publishes; what is sent from within a handler is part of the same work. */
  publish(subject: string, body: unknown, options: PublishOptions | undefined): Promise<void> {
    try {
      checkPublish(subject, options);
      const correlationId = options?.correlationId ?? currentWork()?.correlationId ?? newToken();
      const { headers, replyTo } = options ?? {};
      const sent = this.send({ kind: "publish", subject, body, headers, replyTo, correlationId });
      return sent === undefined ? Promise.resolve() : Promise.resolve(sent).then(() => {});
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Asks; from within a handler, no longer than its own caller waits. */
  request(subject: string, body: unknown, options: RequestOptions | undefined): Promise<Message> {
    try {
      checkRequest(subject, options);
      const work = currentWork();
      const correlationId = options?.correlationId ?? work?.correlationId ?? newToken();
      const given = options?.timeout ?? this.#ways.requestTimeout;
      const timeout = work ? Math.min(given, work.deadline - performance.now()) : given;
      if (timeout < 0) throw new TimeoutError(`request "${subject}"`, 0, subject);
      const draft: Draft = {
        kind: "request",
        subject,
        body,
        headers: options?.headers,
        correlationId,
      };
      const question = { timeout, signal: options?.signal, schema: options?.schema };
      if (!this.#chain) return this.#ask(draft, question);
      return Promise.try(this.#chain, { draft, question }) as Promise<Message>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends a draft as it is; gives a promise only where a middleware needs one. */
  send(draft: Draft): unknown {
    return this.#chain ? this.#chain({ draft, question: undefined }) : this.#encodeAndSend(draft);
  }

  #pass({ draft, question }: Sent): unknown {
    return question ? this.#ask(draft, question) : this.#encodeAndSend(draft);
  }

  #ask({ subject, body, headers, correlationId }: Draft, question: Question): Promise<Message> {
    const { connection, requests } = this.#ways;
    const envelope = { headers, correlationId, timeLeft: Math.ceil(question.timeout) };
    return requests.send(encode(subject, body, envelope, connection.hasHeaders), question);
  }

  #encodeAndSend(draft: Draft): void {
    const { connection } = this.#ways;
    connection.publish(encode(draft.subject, draft.body, draft, connection.hasHeaders));
  }
}
