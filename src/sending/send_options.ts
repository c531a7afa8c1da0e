import { asMilliseconds, type Duration } from "../duration.ts";
import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import type { Message } from "../message/message.ts";
import { correlationId, timeWithinWork } from "../message/work.ts";
import { handled } from "../promises.ts";
import { type HeaderFields, headerFields } from "../message/headers.ts";
import { LONGEST_VALIDATION, type Schema, standardSchema } from "../message/schema.ts";
import { checkOptions, milliseconds, signal } from "../options.ts";
import { checkSubject } from "../subject/subject.ts";

/** What to send with the body of a publisher. */
export interface MessageOptions {
  /** Additional headers; one that the broker sets too, in any case, replaces the broker's. */
  readonly headers?: HeaderFields;
  /** Where an answer should go; an inbox's subject, for instance. */
  readonly replyTo?: string;
  /**
   * Ties together all messages of one piece of work: one line of 1 to 256 bytes.
   *
   * @default {a fresh random token}
   */
  readonly correlationId?: string;
}

/**
 * What to send with a published body.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const heard = broker.subscriber("news.{topic}");
 * await using _test = await TestBroker.start(broker);
 *
 * await broker.publish("news.tea", { price: 5 }, { headers: { tenant: "a" } });
 * const message = await heard.next({ timeout: "5s" });
 * assertEquals([message?.params.topic, message?.body], ["tea", { price: 5 }]);
 * assertEquals(message?.headers.get("tenant"), "a");
 * ```
 */
export interface PublishOptions<Body = unknown> extends MessageOptions {
  /** Checks and types the body before it is sent; it is sent as given. */
  readonly schema?: Schema<unknown, Body>;
}

/** What to send with the request of a publisher, and how long to wait. */
export interface QuestionOptions {
  /** Additional headers; one that the broker sets too, in any case, replaces the broker's. */
  readonly headers?: HeaderFields;
  /**
   * Ties together all messages of one piece of work: one line of 1 to 256 bytes.
   *
   * @default {a fresh random token}
   */
  readonly correlationId?: string;
  /**
   * The time that the answer may take, including a wait for the connection.
   *
   * @default {the broker's `requestTimeout`}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/** What to send with a request, and how long to wait. */
export interface RequestOptions<Answer = unknown, Body = unknown> extends QuestionOptions {
  /** Checks and types the answer's body. */
  readonly schema?: Schema<Answer, unknown>;
  /** Checks and types the body before it is sent; it is sent as given. */
  readonly sendSchema?: Schema<unknown, Body>;
}

const PUBLISH_RULES = {
  headers: headerFields,
  replyTo: (value: unknown) => typeof value === "string" ? undefined : "a subject",
  correlationId,
  schema: standardSchema,
};

const REQUEST_RULES = {
  headers: headerFields,
  correlationId,
  timeout: milliseconds,
  signal,
  schema: standardSchema,
  sendSchema: standardSchema,
};

/** Checks a subject and the options of a publication. */
export function checkPublish(subject: string, options: PublishOptions | undefined): void {
  checkSubject("publish", subject);
  checkOptions("publish", options, PUBLISH_RULES);
  if (options?.replyTo !== undefined) checkSubject("publish", options.replyTo);
}

/** Checks a subject and the options of a request. */
export function checkRequest(subject: string, options: RequestOptions | undefined): void {
  checkSubject("request", subject);
  checkOptions("request", options, REQUEST_RULES);
}

/** What sends a body once an async schema has let it pass. */
interface BodySender {
  readonly clock: Clock;
  /** Milliseconds, for a request that names no timeout. */
  readonly requestTimeout: number;
  publish(subject: string, body: unknown, options: PublishOptions): Promise<void>;
  request(subject: string, body: unknown, options: RequestOptions): Promise<Message>;
  reported(subject: string, published: Promise<void>): Promise<void>;
}

/** Publishes once the body is `valid`, which an async schema may take 5 s to find. */
export function publishOnce(
  sender: BodySender,
  valid: Promise<unknown>,
  subject: string,
  body: unknown,
  { schema: _, ...options }: PublishOptions,
): Promise<void> {
  const patience = { clock: sender.clock, timeout: LONGEST_VALIDATION };
  const published = within(valid, patience, "validate a body", subject).then(
    () => sender.publish(subject, body, options),
    (error) => sender.reported(subject, Promise.reject(error)),
  );
  return handled(published);
}

/** Sends a request once its body is `valid`; an async schema uses up a part of the request's time. */
export async function requestOnce(
  sender: BodySender,
  valid: Promise<unknown>,
  subject: string,
  body: unknown,
  { sendSchema: _, ...options }: RequestOptions,
): Promise<Message> {
  const { clock } = sender;
  const timeout = timeWithinWork(asMilliseconds(options.timeout ?? sender.requestTimeout), subject);
  const until = clock.now() + timeout;
  const patience = { clock, timeout, signal: options.signal };
  await within(valid, patience, `request "${subject}"`, subject);
  const remaining = Math.max(0, until - clock.now());
  return await sender.request(subject, body, { ...options, timeout: remaining });
}
