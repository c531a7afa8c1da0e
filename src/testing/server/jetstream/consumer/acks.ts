import { byteString } from "../../byte_string.ts";
import { DURATION, readJson } from "../api/go_json.ts";
import type { Published } from "../message.ts";
import { NANOSECONDS, readDuration } from "../time.ts";
import type { AckWait } from "./ack_wait.ts";
import { readAckSubject } from "./ack_subject.ts";
import type { Announcements, Told } from "./announcements.ts";
import type { ConsumerState } from "./state.ts";

const NAK = "-NAK";
const TERM = "+TERM";
const NEXT = "+NXT";

/** What an acknowledgement can trigger. */
export interface AckEffects {
  /** Tries to deliver: there may be room again. */
  wake(): void;
  /** Handles the pull request inside a `+NXT` acknowledgement. */
  ask(reply: string, body: Uint8Array): void;
}

/** Handles acknowledgements: ack, nak, term, in progress and next. */
export class Acks {
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #ackWait: AckWait;
  readonly #effects: AckEffects;

  constructor(
    state: ConsumerState,
    announcements: Announcements,
    ackWait: AckWait,
    effects: AckEffects,
  ) {
    this.#state = state;
    this.#announcements = announcements;
    this.#ackWait = ackWait;
    this.#effects = effects;
  }

  /** Handles one acknowledgement, and confirms it if it has a reply subject. */
  receive({ subject, reply, body }: Published): void {
    const told = readAckSubject(subject);
    const text = byteString(body, 0, body.length);
    if (text.startsWith(NEXT)) {
      this.acknowledge(told);
      return this.#effects.ask(reply, body.subarray(NEXT.length));
    }
    if (this.#isAnswered(told, text)) this.#state.context.client.publish(reply);
  }

  /** Acknowledges a message; `false` if it was not delivered yet. */
  acknowledge(told: Told, isSampled = true): boolean {
    const { config, progress } = this.#state;
    if (told.seq >= progress.next && !config.flow_control) return false;
    const wasFull = this.#state.isFull;
    if (config.ack_policy === "explicit") this.#acknowledgeOne(told, isSampled);
    else if (config.ack_policy !== "none") this.#acknowledgeAll(told);
    if (wasFull) this.#effects.wake();
    return true;
  }

  #isAnswered(told: Told, text: string): boolean {
    if (text === "" || text === "+ACK" || text === "+OK") {
      return this.acknowledge(told) && this.#knows(told);
    }
    if (text.startsWith(TERM)) {
      return this.#giveUp(told, text.slice(TERM.length).trim()) && this.#knows(told);
    }
    if (text.startsWith(NAK)) this.#refuse(told, text.slice(NAK.length).trim());
    else if (text === "+WPI") this.#extend(told);
    return told.seq > 0;
  }

  /** Sequence 0 can never be acknowledged; nats-server reports that only in some cases. */
  #knows({ seq }: Told): boolean {
    const { config, stream } = this.#state;
    return seq > 0 || (config.ack_policy === "explicit" && stream.config.retention === "limits");
  }

  #acknowledgeOne(told: Told, isSampled: boolean): void {
    const { pending, progress, redelivery, context, stream } = this.#state;
    const { seq } = told;
    const open = pending.get(seq);
    if (open) {
      if (isSampled && this.#isSample()) this.#announcements.acknowledged(told, open.time);
      this.#ackWait.forget(seq);
      this.#state.settle(seq);
      progress.acknowledge({ consumer: open.number, stream: seq }, pending.first);
    }
    redelivery.forget(seq);
    progress.lastAcked = context.clock.wallTime();
    stream.release(seq);
  }

  #acknowledgeAll({ number, seq }: Told): void {
    const { pending, progress, redelivery, context, stream } = this.#state;
    if (number <= progress.floor.consumer || seq <= progress.floor.stream) return;
    const wasOpen = pending.get(seq) !== undefined;
    const done = pending.upTo(seq);
    for (const one of done) {
      this.#ackWait.forget(one);
      pending.delete(one);
      redelivery.forget(one);
    }
    progress.acknowledgeAll({ consumer: number, stream: seq }, wasOpen);
    progress.lastAcked = context.clock.wallTime();
    for (const one of done) stream.release(one);
    if (!wasOpen) stream.release(seq);
  }

  #refuse(told: Told, argument: string): void {
    const { pending, progress, redelivery, context, config } = this.#state;
    const { seq, number } = told;
    const open = pending.get(seq);
    if (!open || number <= progress.floor.consumer || number > progress.number) return;
    this.#announcements.refused(told);
    const delay = argument === "" ? undefined : delayOf(argument);
    if (delay === undefined) {
      redelivery.add(seq);
      return this.#effects.wake();
    }
    const now = context.clock.wallTime();
    redelivery.remove(seq);
    open.time = now - config.ack_wait / NANOSECONDS + delay;
    progress.lastDelivered = now;
    this.#ackWait.note(seq);
  }

  #extend({ seq }: Told): void {
    const { pending, progress, context } = this.#state;
    const open = pending.get(seq);
    if (!open) return;
    open.time = context.clock.wallTime();
    progress.lastDelivered = open.time;
    this.#ackWait.note(seq);
  }

  #giveUp(told: Told, reason: string): boolean {
    const isDelivered = this.acknowledge(told, false);
    this.#announcements.terminated(told, reason);
    return isDelivered;
  }

  #isSample(): boolean {
    const frequency = Number(this.#state.config.sample_freq.replace(/%$/, ""));
    return frequency > 0 && Math.floor(this.#state.context.clock.random() * 100) <= frequency;
  }
}

/** The delay of a nak in milliseconds; `undefined` if the nak has none. */
function delayOf(argument: string): number | undefined {
  if (!argument.startsWith("{")) return readDuration(argument);
  try {
    const bytes = new TextEncoder().encode(argument);
    const { delay = 0 } = readJson(bytes, { delay: DURATION }, true) as { delay?: number };
    return delay / NANOSECONDS;
  } catch {
    return undefined;
  }
}
