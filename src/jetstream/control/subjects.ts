import { describe, holdsOptions } from "../../options.ts";
import { actionOf } from "../api/call_action.ts";
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
  /** How many partitions it has, if any; requests then go to all of them. Without it, such a consumer is not found. */
  readonly partitions?: number | undefined;
}

/** Where to ask about something. */
export interface Named {
  readonly api: JetStreamApi;
  readonly stream: string;
  /** `undefined` for the stream itself. */
  readonly consumer: string | undefined;
  /** Whether somebody has named the consumer without saying whether it has partitions. */
  readonly isVague?: boolean;
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
  const isVague = !("partitions" in given);
  const named = { ...streamOf(api, action, given.stream), consumer: given.name, isVague };
  if (given.partitions === undefined) return named;
  return { ...named, stream: queueOf(named.stream, given.name), consumer: "0" };
}

/** The name of the stream whose messages a consumer handles. */
export function firstStreamOf({ stream }: ConsumerName): string {
  return typeof stream === "string" ? stream : stream.name;
}

/** What was found instead: a subscriber is easily taken for its consumer. */
function found(given: unknown): string {
  const isSubscriber = holdsOptions(given) && "pattern" in given && "start" in given;
  return isSubscriber ? "a subscriber" : describe(given);
}

/** Finds where to ask about what is given back to a consumer; `undefined` if nothing is. */
export function replaysOf(
  { api, stream, consumer }: Named,
  given: ConsumerName,
): Named | undefined {
  const { deadLetter, name, partitions } = given;
  if (deadLetter === undefined || consumer === undefined) return undefined;
  const itself = partitions === undefined
    ? { stream, name: consumer }
    : { stream: firstStreamOf(given), name };
  return { api, stream: deadLetter, consumer: replayName(itself) };
}

/** Names the consumer of a consumer's own messages; `undefined` if it has none, as with partitions. */
export function ownOf(named: Named, { stream, partitions }: ConsumerName): Named | undefined {
  const hasOwn = typeof stream === "object" && hasOwnMessages(stream) && partitions === undefined;
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
  const [itself, ...companions] = allOf(named, given);
  const first = act(itself!);
  const others = companions.map(async (each) => {
    try {
      return [await act(each)];
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      return [];
    }
  });
  const [answer, ...found] = await Promise.all([first, ...others]);
  return [answer, ...found.flat()];
}

/** The server's consumers that `forAll()` goes through. */
export function allOf(named: Named, given: ConsumerName): Named[] {
  const rest = Array.from({ length: given.partitions ?? 1 }, (_, at) => String(at)).slice(1);
  const parts = rest.map((consumer) => ({ ...named, consumer }));
  const others = [replaysOf(named, given), ownOf(named, given)];
  return [named, ...parts, ...others.filter((each) => each !== undefined)];
}

/** Notes where is published to, for `broker.permissions()`. */
export type Permit = (...subjects: readonly string[]) => void;

/** Asks about a stream or a consumer; `verb` is such as `"CONSUMER.INFO"`. */
export async function ask<Answer extends object>(
  named: Named,
  verb: string,
  permit: Permit,
  request?: object,
): Promise<Answer> {
  const subject = permitAsking(named, verb, permit);
  try {
    return await named.api.call<Answer>(subject, request);
  } catch (error) {
    if (!named.isVague || !(error instanceof NotFoundError) || error.kind !== "consumer") {
      throw error;
    }
    const { code, errCode: err_code } = error;
    const description = `${error.description}; one with partitions needs "partitions: n" here`;
    throw new NotFoundError(actionOf(subject)!, "consumer", { code, err_code, description });
  }
}

/** Notes where `ask()` asks; returns the subject without the prefix. */
export function permitAsking(
  { api, stream, consumer }: Named,
  verb: string,
  permit: Permit,
): string {
  const subject = `${verb}.${stream}${consumer === undefined ? "" : `.${consumer}`}`;
  permit(`${api.prefix}.${subject}`);
  return subject;
}
