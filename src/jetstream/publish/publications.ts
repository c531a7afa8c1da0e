import { BusyMap } from "../../busy_map.ts";
import type { Timer } from "../../clock.ts";
import { onAbort, setDeadline } from "../../deadline.ts";
import type { PermissionError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import { Queue } from "../../queue.ts";
import {
  type AwaitedMessage,
  type BrokerAccess,
  newToken,
  type RawMessage,
  type RawSubscription,
} from "../../door/mod.ts";
import { readAnswer } from "./pub_ack.ts";
import { type Part, Publication, type PublicationSettings } from "./publication.ts";
import type { PubAck } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { KnownStreams } from "../api/known_streams.ts";

/** The most publications in flight: a stream queues some ten thousand before it rejects more. */
const MOST_SENT = 4_096;
/** Deadlines within this many milliseconds share one timer check. */
const GRAIN = 4;

/** "atomic publish batch is incomplete". */
const INCOMPLETE = 10176;
const INBOX_RULE = "the server must accept the inbox of its answer";

const known = new WeakMap<BrokerAccess, Publications>();

/**
 * All publications of a broker: they share one inbox subscription for the responses, and one timer for the retries. A
 * retry uses the same id, so that the stream stores the message once.
 */
export class Publications {
  readonly #access: BrokerAccess;
  readonly #streams: KnownStreams;
  readonly #pending = new BusyMap<string, Publication>();
  /** Publications that wait for a free place in flight. */
  readonly #waiting = new Queue<readonly [token: string, Publication]>();
  #inbox = "";
  #subscription: RawSubscription | undefined;
  #refusal: Error | undefined;
  #subscribing: Promise<void> | undefined;
  #timer: Pick<Timer, "clear"> | undefined;
  #nextCheck = Infinity;
  #sent = 0;
  #isUp = true;
  readonly #idle: (() => void)[] = [];

  private constructor(access: BrokerAccess, streams: KnownStreams) {
    this.#access = access;
    this.#streams = streams;
    access.onRefusal((error) => this.#refused(error));
    access.onConnection((change) => {
      if (change === "lost") this.#lost();
      else if (change === "back") this.#back();
      else this.#closed();
    });
  }

  /** The publications of a broker. */
  static of({ access, streams }: JetStreamApi): Publications {
    let found = known.get(access);
    if (!found) known.set(access, found = new Publications(access, streams));
    return found;
  }

  /** Publishes; resolves once it is stored. The program need not await the promise. */
  publish(settings: PublicationSettings): Promise<PubAck> {
    const publication = new Publication(settings, this.#access.clock.now());
    const { signal } = settings;
    if (signal?.aborted) {
      publication.abort(signal.reason);
      return publication.promise;
    }
    // a client that can read the program's own id must not learn the reply subject from it
    const token = settings.isOwnId ? settings.id! : newToken();
    this.#pending.set(token, publication);
    if (signal) publication.stopListening = onAbort(signal, () => this.#abort(token));
    this.#checkAt(publication.deadline);
    if (this.#refusal || this.#subscribing) this.#subscribeAgain();
    else if (this.#sent >= MOST_SENT) this.#waiting.push([token, publication], 0);
    else this.#send(token, publication);
    return publication.promise;
  }

  /** Resolves once no publication awaits a response. */
  idle(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The number of publications that await a response. */
  get count(): number {
    return this.#pending.size;
  }

  #send(token: string, publication: Publication): void {
    if (!publication.hasPlace) this.#sent++;
    publication.hasPlace = true;
    // sent once the connection is back
    if (!this.#isUp) return;
    try {
      this.#subscribe();
      const replyTo = this.#inbox + token;
      const { parts } = publication.settings;
      const messages = typeof parts === "function"
        ? parts().map((part) => addressed(part, replyTo))
        : [addressed(parts, replyTo)];
      publication.sentAs(messages, this.#access.clock.now());
      for (const message of messages) this.#access.send(message);
      this.#checkAt(publication.dueAt);
    } catch (error) {
      this.#end(token)?.refuse(asError(error));
    }
  }

  #take(packet: RawMessage): void {
    const token = packet.subject.slice(this.#inbox.length);
    const publication = this.#pending.get(token);
    // the response to a publication that has ended, or a second response
    if (!publication) return;
    const { subject, action, parts } = publication.settings;
    const answer = readAnswer(subject, packet, action, typeof parts === "function");
    switch (answer.kind) {
      case "stored":
        return this.#end(token)!.stored(answer.ack);
      case "refused":
        // another part of the batch was rejected for now, and the whole batch is sent again
        if (!publication.messages && answer.error.errCode === INCOMPLETE) return;
        return this.#end(token)!.refusedBy(answer.error);
      case "taken":
        return;
      case "later":
        return this.#later(token, publication, answer.error);
      default:
        publication.answeredByOthers();
    }
  }

  #later(token: string, publication: Publication, error: Error): void {
    const { clock } = this.#access;
    publication.refusedForNow(error, clock.now(), clock.random());
    const { id, isOnce } = publication.settings;
    if (id === undefined || isOnce) this.#giveUp(token, "a stream must take it");
    else this.#checkAt(publication.dueAt);
  }

  #subscribe(): void {
    if (this.#subscription) return;
    const inbox = this.#inbox = `${this.#access.newInbox()}.`;
    const refused = (error: Error) => this.#inboxRefused(error);
    const take = (packet: RawMessage) => this.#take(packet);
    this.#subscription = this.#access.subscribe(`${inbox}*`, take, { refused });
  }

  /** Handles a rejected inbox subscription: messages in flight may be stored, and no responses arrive. */
  #inboxRefused(error: Error): void {
    this.#refusal = error;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    for (const token of [...this.#pending.keys()]) this.#giveUp(token, INBOX_RULE, error);
  }

  /** Subscribes again before sending: a message stored without a response would seem lost. */
  #subscribeAgain(): void {
    this.#subscribing ??= this.#tryInbox().finally(() => this.#subscribing = undefined);
  }

  async #tryInbox(): Promise<void> {
    try {
      this.#refusal = undefined;
      this.#subscribe();
      await this.#access.flush();
    } catch (error) {
      this.#refusal ??= asError(error);
    }
    for (const [token, publication] of [...this.#pending]) {
      if (this.#refusal) this.#giveUp(token, INBOX_RULE, this.#refusal);
      else if (!publication.hasPlace) this.#send(token, publication);
    }
  }

  #refused(error: PermissionError): void {
    for (const [token, { messages }] of this.#pending) {
      if (messages?.some(({ subject }) => subject === error.subject)) {
        this.#end(token)!.refuse(error);
      }
    }
  }

  #lost(): void {
    this.#isUp = false;
    for (const publication of this.#pending.values()) this.#takeBack(publication);
  }

  #back(): void {
    this.#isUp = true;
    for (const [token, publication] of [...this.#pending]) {
      const isDue = publication.hasPlace && publication.dueAt === Infinity;
      if (isDue && !publication.messages) this.#repeat(token, publication);
    }
  }

  #repeat(token: string, publication: Publication): void {
    const window = this.#streams.windowOf(publication.settings.subject);
    publication.dueAt = Infinity;
    if (publication.mayRepeat(this.#access.clock.now(), window)) {
      this.#takeBack(publication);
      return this.#send(token, publication);
    }
    // otherwise the stream would store it a second time
    if (publication.messages) return;
    this.#giveUp(token, `the stream must still know its id, which it does for ${window} ms`);
  }

  #takeBack(publication: Publication): void {
    if (publication.messages) publication.lost(this.#isTakenBack(publication));
  }

  /** Takes back messages not sent yet; returns whether the last one is among them, without which nothing is stored. */
  #isTakenBack({ messages = [] }: Publication): boolean {
    let wasUnsent = true;
    for (const message of messages) wasUnsent = this.#access.takeBack(message);
    return wasUnsent;
  }

  #abort(token: string): void {
    const publication = this.#end(token);
    if (!publication) return;
    this.#takeBack(publication);
    publication.abort(publication.settings.signal?.reason);
  }

  #closed(): void {
    this.#subscription = undefined;
    this.#refusal = undefined;
    this.#isUp = true;
    const rule = "the broker must not be stopped before it is answered";
    for (const token of [...this.#pending.keys()]) this.#giveUp(token, rule);
    this.#timer?.clear();
    this.#timer = undefined;
    this.#nextCheck = Infinity;
  }

  #giveUp(token: string, rule: string, cause?: Error): void {
    const publication = this.#end(token);
    if (publication) publication.giveUp(this.#isTakenBack(publication), rule, cause);
  }

  #end(token: string): Publication | undefined {
    const publication = this.#pending.get(token);
    if (!publication) return undefined;
    this.#pending.delete(token);
    publication.stopListening?.();
    if (publication.hasPlace) this.#sent--;
    this.#sendNext();
    if (this.#pending.size === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
    return publication;
  }

  #sendNext(): void {
    while (this.#sent < MOST_SENT && this.#waiting.length > 0) {
      const [token, publication] = this.#waiting.shift()!;
      // it may have ended while it waited
      if (this.#pending.has(token)) this.#send(token, publication);
    }
  }

  #checkAt(time: number): void {
    if (time >= this.#nextCheck) return;
    this.#timer?.clear();
    this.#nextCheck = time;
    const { clock } = this.#access;
    this.#timer = setDeadline(clock, () => this.#check(), Math.max(0, time - clock.now()));
  }

  #check(): void {
    // the timer's own deadline counts, even if a clock runs behind it
    const now = Math.max(this.#access.clock.now(), this.#nextCheck);
    this.#nextCheck = Infinity;
    let next = Infinity;
    for (const [token, publication] of this.#pending) {
      const { deadline, settings: { timeout } } = publication;
      if (deadline <= now) {
        this.#giveUp(token, `it must be answered within ${Math.ceil(timeout)} ms`);
        continue;
      }
      if (publication.dueAt <= now && this.#isUp) this.#repeat(token, publication);
      next = Math.min(next, deadline, Math.max(publication.dueAt, now + GRAIN));
    }
    if (next < Infinity) this.#checkAt(Math.max(next, now + GRAIN));
  }
}

function addressed({ subject, data, headerBlock }: Part, replyTo: string): AwaitedMessage {
  return { subject, replyTo, data, headerBlock, isAwaited: true };
}
