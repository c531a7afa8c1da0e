import { describe, holdsOptions } from "../../options.ts";
import { NotFoundError } from "../api/errors.ts";
import { JetStreamApi } from "../api/js_api.ts";
import { checkName } from "../api/names.ts";
import { replayName } from "../consumer/consumer_config.ts";
import { ownName } from "../consumer/own_message.ts";
import { queueOf } from "../consumer/partitions/filter.ts";
import { hasOwnMessages, type Stream } from "../stream/stream.ts";

/** A consumer: one that was declared, or the names of one that others have made. */
export interface ConsumerName {
  /** Its name. */
  readonly name: string;
  /**
   * Its stream, as declared or by its name. Messages that wait for a long retry count only if it is a declaration with
   * `allowMsgSchedules`.
   */
  readonly stream: Stream | string;
  /** The stream of what it gives up, from which messages are given back to it. */
  readonly deadLetter?: string | undefined;
  /** How many partitions it has, if any; requests then go to all of them. */
  readonly partitions?: number | undefined;
}

/** Where to ask about something. */
export interface Named {
  readonly api: JetStreamApi;
  readonly stream: string;
  /** `undefined` for the stream itself. */
  readonly consumer: string | undefined;
}

/**
 * Finds where to ask about a stream.
 *
 * @throws {TypeError} for what is none
 */
export function streamOf(api: JetStreamApi, action: string, given: Stream | string): Named {
  const name = typeof given === "string" ? given : holdsOptions(given) ? given.name : undefined;
  if (name === undefined) {
    const rule = "it must be a stream that was declared, or its name";
    throw new TypeError(`Cannot ${action} as ${rule}: ${found(given)}`);
  }
  checkName(action, name);
  const domain = typeof given === "object" ? given.domain : undefined;
  const itsApi = domain === undefined ? api : JetStreamApi.of(api.access, domain);
  return { api: itsApi, stream: name, consumer: undefined };
}

/**
 * Finds where to ask about a consumer.
 *
 * @throws {TypeError} for what is none
 */
export function consumerOf(
  api: JetStreamApi,
  action: string,
  given: ConsumerName,
): Named & { readonly consumer: string } {
  if (!holdsOptions(given) || !("stream" in given)) {
    const rule = "it must be a consumer that was declared, or { stream, name }";
    throw new TypeError(`Cannot ${action} as ${rule}: ${found(given)}`);
  }
  checkName(action, given.name);
  const named = { ...streamOf(api, action, given.stream), consumer: given.name };
  if (given.partitions === undefined) return named;
  return { ...named, stream: queueOf(named.stream, given.name), consumer: "0" };
}

/** What was found instead: a subscriber is easily taken for its consumer. */
function found(given: unknown): string {
  const isSubscriber = holdsOptions(given) && "pattern" in given && "start" in given;
  return isSubscriber ? "a subscriber" : describe(given);
}

/** Finds where to ask about what is given back to a consumer; `undefined` if nothing is. */
export function replaysOf(
  { api, stream, consumer }: Named,
  { deadLetter, name, stream: of, partitions }: ConsumerName,
): Named | undefined {
  if (deadLetter === undefined || consumer === undefined) return undefined;
  const first = typeof of === "string" ? of : of.name;
  const itself = partitions === undefined ? { stream, name: consumer } : { stream: first, name };
  return { api, stream: deadLetter, consumer: replayName(itself) };
}

/** Names the consumer of a consumer's own messages; `undefined` if it has none. */
export function ownOf(named: Named, { stream }: ConsumerName): Named | undefined {
  const hasOwn = typeof stream === "object" && hasOwnMessages(stream);
  if (!hasOwn || named.consumer === undefined) return undefined;
  return { ...named, consumer: ownName(named.consumer) };
}

/**
 * Does the same for a consumer, for the consumer of its replayed dead letters, and for that of its own messages. The last
 * two do not exist before its first start.
 */
export async function forAll<Answer>(
  named: Named,
  given: ConsumerName,
  act: (each: Named) => Promise<Answer>,
): Promise<[Answer, ...Answer[]]> {
  const { partitions } = given;
  const first = act(named);
  const rest = Array.from({ length: partitions ?? 1 }, (_, at) => String(at)).slice(1);
  const own = partitions === undefined ? ownOf(named, given) : undefined;
  const parts = rest.map((consumer) => ({ ...named, consumer }));
  const others = [...parts, replaysOf(named, given), own].map(async (each) => {
    try {
      return each && [await act(each)];
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  });
  const [answer, ...found] = await Promise.all([first, ...others]);
  return [answer, ...found.flatMap((each) => each ?? [])];
}

/** Notes where is published to, for `broker.permissions()`. */
export type Permit = (...subjects: readonly string[]) => void;

/** Asks about a stream or a consumer; `verb` is such as `"CONSUMER.INFO"`. */
export function ask<Answer extends object>(
  { api, stream, consumer }: Named,
  verb: string,
  permit: Permit,
  request?: object,
): Promise<Answer> {
  const subject = `${verb}.${stream}${consumer === undefined ? "" : `.${consumer}`}`;
  permit(`${api.prefix}.${subject}`);
  return api.call<Answer>(subject, request);
}
