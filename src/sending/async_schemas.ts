import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import type { Message } from "../message/message.ts";
import { LONGEST_VALIDATION } from "../message/schema.ts";
import { timeWithinWork } from "../message/work.ts";
import { handled } from "../promises.ts";
import type { PublishOptions, RequestOptions } from "./send_options.ts";

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
  const timeout = timeWithinWork(options.timeout ?? sender.requestTimeout, subject);
  const until = clock.now() + timeout;
  const patience = { clock, timeout, signal: options.signal };
  await within(valid, patience, `request "${subject}"`, subject);
  const remaining = Math.max(0, until - clock.now());
  return await sender.request(subject, body, { ...options, timeout: remaining });
}
