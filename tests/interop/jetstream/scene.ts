import type { Sent } from "../../support/jetstream/frame_client.ts";

/** A millisecond in the API's durations, which are nanoseconds. */
export const MS = 1_000_000;

/** Stands in a header for a time 400 ms after the message is sent. */
export const IN_A_MOMENT = "<in a moment>";

/** Stands in a body for the pin that a client got last. */
export const LAST_PIN = "<pin>";

/** One action of a client, and what it hears after it. */
export type Step =
  | { readonly ask: string; readonly sent: Sent; readonly answers: number; readonly within: number }
  | { readonly publish: string; readonly sent: Sent }
  | { readonly subscribe: string; readonly queue: string }
  | { readonly unsubscribe: string }
  | { readonly take: string; readonly count: number; readonly within: number }
  | { readonly wait: number }
  | { readonly until: string; readonly state: Readonly<Record<string, number>> };

/** A conversation: a sentence about it, and what a client does in it. */
export interface Scene {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** How many answers a step waits for, and how long, in milliseconds. */
interface Patience {
  readonly answers?: number;
  readonly within?: number;
}

type Headers = Readonly<Record<string, string>>;

/** Sends a request to the API, to the subject after `$JS.API.`; the body is text, or a value to send as JSON. */
export function api(
  subject: string,
  body: unknown = "",
  options: Patience & { headers?: Headers } = {},
) {
  const { headers, ...patience } = options;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(`$JS.API.${subject}`, text, headers, patience);
}

/** Publishes to a stream, and waits for the acknowledgement. */
export function ask(
  subject: string,
  body = "",
  headers?: Headers,
  { answers = 1, within = 1_000 }: Patience = {},
): Step {
  return { ask: subject, sent: { body, headers }, answers, within };
}

/** Publishes without waiting for an answer. */
export function publish(subject: string, body = "", headers?: Headers, reply?: string): Step {
  return { publish: subject, sent: { body, headers, reply } };
}

/** Subscribes to a subject; `take()` with the same subject takes its messages. */
export function subscribe(subject: string, queue = ""): Step {
  return { subscribe: subject, queue };
}

/** Ends a subscription. */
export function unsubscribe(subject: string): Step {
  return { unsubscribe: subject };
}

/** Takes so many messages of a subscription, or fewer if no more come within the time, in milliseconds. */
export function take(subject: string, count: number, within = 1_000): Step {
  return { take: subject, count, within };
}

/** Lets time pass, in milliseconds. */
export function wait(milliseconds: number): Step {
  return { wait: milliseconds };
}

/** Waits until a stream has so many messages. How soon it has them differs from server to server. */
export function until(stream: string, messages: number): Step {
  return { until: stream, state: { messages } };
}

/** Waits until a stream has stored so many messages, even if it has deleted some since. */
export function untilStored(stream: string, last_seq: number): Step {
  return { until: stream, state: { last_seq } };
}

/** Makes a stream in memory. Its subjects begin with its name in small letters. */
export function stream(name: string, config: Readonly<Record<string, unknown>> = {}): Step {
  const subjects = [`${name.toLowerCase()}.>`];
  return api(`STREAM.CREATE.${name}`, { name, subjects, storage: "memory", ...config });
}

/** Updates stream A to what `stream("A", config)` would make. */
export function update(config: Readonly<Record<string, unknown>> = {}): Step {
  return api("STREAM.UPDATE.A", { name: "A", subjects: ["a.>"], storage: "memory", ...config });
}

/** Makes a scene of these steps. */
export function scene(name: string, ...steps: Step[]): Scene {
  return { name, steps };
}
