import type { NatsConnection, Status } from "@nats-io/transport-deno";
import { turn } from "../clock.ts";
import type { ListedSubscription, Protocol } from "./client_shape.ts";

const SUBJECT = "signalbox.trial";
const QUEUE = "trial";
const REFUSAL = `-ERR 'Permissions Violation for Subscription to "${SUBJECT}"'\r\n`;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The result of the test, with a flush that the client believes it has sent. */
export interface Commands {
  readonly isAnswered: () => boolean;
}

/**
 * Redirects all the client's commands to a writer that discards them; returns the part that does not behave as
 * expected.
 */
export async function triedCommands(
  client: NatsConnection,
  protocol: Protocol,
): Promise<Commands | string> {
  const { outbound } = protocol;
  const own = Object.getOwnPropertyDescriptor(protocol, "flushPending");
  const discarded = new DiscardingQueue();
  const statuses = new Statuses(protocol);
  try {
    protocol.outbound = discarded;
    protocol.flushPending = discarded.flush;
    const listed = triedList(protocol, discarded) ?? triedStatuses(client, protocol) ??
      triedRefusal(protocol, discarded, statuses);
    if (listed) return listed;
    // the client asks for a flush some microtasks after the first command
    await turn();
    if (discarded.isDrained || discarded.flushes === 0) return "flushPending";
    return await triedFlush(protocol, discarded);
  } finally {
    statuses.end();
    protocol.outbound = outbound;
    if (own) Object.defineProperty(protocol, "flushPending", own);
    else delete (protocol as Partial<Protocol>).flushPending;
  }
}

/** Subscribes and unsubscribes, in both ways. */
function triedList(protocol: Protocol, discarded: DiscardingQueue): string | undefined {
  const { subscriptions } = protocol;
  for (const queue of [undefined, QUEUE]) {
    const subscription = new TrialSubscription(queue);
    protocol.subscribe(subscription);
    const { sid } = subscription;
    const group = queue === undefined ? "" : ` ${queue}`;
    if (typeof sid !== "number" || subscriptions.get(sid) !== subscription) return "subscriptions";
    // behind a command that still waits, as the client then checks how much waits
    if (queue === undefined) protocol.unsubscribe(subscription);
    else protocol.unsub(subscription);
    const wanted = `SUB ${SUBJECT}${group} ${sid}\r\nUNSUB ${sid}\r\n`;
    if (discarded.take() !== wanted) return "subscribe";
    if (queue !== undefined) subscriptions.cancel(subscription);
    if (subscriptions.get(sid) !== undefined) return "subscriptions";
  }
  return undefined;
}

/** Checks that the client notifies every listener in its list of status listeners. */
function triedStatuses(client: NatsConnection, { listeners }: Protocol): string | undefined {
  const { length } = listeners;
  client.status();
  const isListed = listeners.length === length + 1;
  listeners.length = length;
  return isListed ? undefined : "listeners";
}

/** Makes the client read a refusal of a subscription; after the connect, its parser is between two lines. */
function triedRefusal(
  protocol: Protocol,
  discarded: DiscardingQueue,
  statuses: Statuses,
): string | undefined {
  if (protocol.parser.state !== 0) return undefined;
  const subscription = new TrialSubscription(undefined);
  protocol.subscribe(subscription);
  protocol.parser.parse(encoder.encode(REFUSAL));
  discarded.take();
  const isGone = protocol.subscriptions.get(subscription.sid) === undefined;
  if (!isGone) protocol.subscriptions.cancel(subscription);
  if (subscription.refusals !== 1 || !isGone) return "subscriptions";
  return statuses.errors === 1 ? undefined : "listeners";
}

async function triedFlush(
  protocol: Protocol,
  discarded: DiscardingQueue,
): Promise<Commands | string> {
  let isAnswered = false;
  const before = discarded.flushes;
  discarded.take();
  const answered = protocol.flush({ resolve: () => isAnswered = true, reject() {} });
  Promise.resolve(answered).catch(() => {});
  if (discarded.take() !== "PING\r\n") return "flush";
  if (discarded.flushes === before) return "flushPending";
  await turn();
  if (isAnswered || discarded.take() !== "") return "flush";
  return { isAnswered: () => isAnswered };
}

/** A writer that takes all commands and writes none. */
class DiscardingQueue {
  flushes = 0;
  isDrained = false;
  #text = "";
  readonly flush = () => void this.flushes++;

  fill(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#text += decoder.decode(part);
  }

  /** The commands since the last call. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  length(): number {
    return this.#text === "" ? 0 : 1;
  }

  size(): number {
    return this.#text.length;
  }

  reset(): void {
    this.#text = "";
  }

  /** Called by a flush that does not go through our writer; takes all commands. */
  drain(): Uint8Array {
    this.isDrained = true;
    return new Uint8Array(0);
  }
}

class TrialSubscription implements ListedSubscription {
  readonly subject = SUBJECT;
  readonly queue: string | undefined;
  sid = 0;
  max: number | undefined;
  refusals = 0;

  constructor(queue: string | undefined) {
    this.queue = queue;
  }

  callback(error: Error): void {
    if (error instanceof Error) this.refusals++;
  }

  take(): void {}

  close(): void {}
}

/** Listens to the client's statuses. */
class Statuses {
  errors = 0;
  readonly #listeners: Protocol["listeners"];
  readonly #listener = {
    push: (status: Status) => {
      if (status.type === "error" && status.error.message.includes(SUBJECT)) this.errors++;
    },
    stop() {},
    iterClosed: Promise.resolve(),
  };

  constructor({ listeners }: Protocol) {
    this.#listeners = listeners;
    listeners.push(this.#listener);
  }

  end(): void {
    const at = this.#listeners.indexOf(this.#listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
