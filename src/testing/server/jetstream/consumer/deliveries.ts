import { Alarm } from "../alarm.ts";
import { breath } from "../../../../pacing.ts";
import { print } from "../../../../legible.ts";
import { withHeader } from "../header_block.ts";
import { NOTHING, type StoredMessage } from "../message.ts";
import { ackSubject } from "./ack_subject.ts";
import type { AckWait } from "./ack_wait.ts";
import { isPush } from "./config.ts";
import { Pace } from "./pace.ts";
import type { Pin } from "./pin.ts";
import type { PullRequest } from "./pull_request.ts";
import type { Pulls } from "./pulls.ts";
import type { Push } from "./push.ts";
import type { ConsumerState } from "./state.ts";
import type { Supplied, Supply } from "./supply.ts";

/** Messages to deliver before yielding to other work. */
const MANY = 64;

/** The result of an attempt to deliver. */
type Outcome = "delivered" | "full" | "nothing";

/** The collaborators of {@linkcode Deliveries}. */
interface Parts {
  readonly supply: Supply;
  readonly pulls: Pulls;
  readonly push: Push;
  readonly pin: Pin;
  readonly ackWait: AckWait;
  /** Records the consumer's memory. */
  note(): void;
}

/** A message on its way to a client. */
interface Parcel {
  readonly supplied: Supplied;
  readonly to: string;
  readonly reply: string;
  readonly headers: string;
  readonly body: Uint8Array;
  /** The pull request that it answers. */
  readonly request: PullRequest | undefined;
}

/** Delivers messages as long as there are messages and clients that want them. */
export class Deliveries {
  readonly #state: ConsumerState;
  readonly #parts: Parts;
  readonly #pace: Pace;
  readonly #waiting: Alarm;
  readonly #later: Alarm;
  /** A message held back by the delivery pace. */
  #held: Parcel | undefined;
  #isAwake = false;
  #hasBegun = false;
  #isOver = false;

  constructor(state: ConsumerState, parts: Parts) {
    const { clock } = state.context;
    this.#state = state;
    this.#parts = parts;
    this.#pace = new Pace(state);
    this.#waiting = new Alarm(clock, () => {
      parts.pulls.sweep(true);
      this.#waiting.set(parts.pulls.next);
      // as on nats-server, a resumed consumer goes on at its next heartbeat
      this.wake();
    });
    this.#later = new Alarm(clock, () => {
      const parcel = this.#held;
      this.#held = undefined;
      if (parcel) this.#send(parcel);
      this.wake();
    });
  }

  /** Schedules deliveries, after the work in progress. */
  wake(): void {
    if (this.#isAwake || this.#isOver) return;
    this.#isAwake = true;
    queueMicrotask(() => void this.#run().catch(print));
  }

  /** Stops delivering. */
  stop(): void {
    this.#isOver = true;
    this.#waiting.stop();
    this.#later.stop();
  }

  async #run(): Promise<void> {
    let outcome: Outcome;
    try {
      // a client must see the response that created its consumer before messages reach it
      if (!this.#hasBegun && isPush(this.#state.config)) await breath();
      this.#hasBegun = true;
      for (let count = 1; (outcome = this.#next()) === "delivered"; count++) {
        if (count % MANY !== 0) continue;
        this.#parts.note();
        await breath();
      }
    } finally {
      this.#isAwake = false;
    }
    this.#parts.note();
    if (this.#isOver || isPush(this.#state.config)) return;
    this.#parts.pulls.settle(outcome !== "full");
    this.#waiting.set(this.#parts.pulls.next);
  }

  #next(): Outcome {
    const { supply, pulls, push } = this.#parts;
    const { config, context: { clock } } = this.#state;
    if (this.#isOver || this.#held || this.#state.isPaused) return "nothing";
    if (isPush(config) ? !push.isOpen : pulls.size === 0) return "nothing";
    const supplied = supply.take();
    if (supplied === "full") return "full";
    if (supplied === "end") return "nothing";
    const parcel = this.#pack(supplied);
    if (!parcel) {
      supply.giveBack(supplied);
      return "nothing";
    }
    const wait = this.#pace.waitFor(supplied.message, sizeOf(parcel));
    if (wait > 0) {
      this.#held = parcel;
      this.#later.set(clock.wallTime() + wait);
    } else {
      this.#send(parcel);
    }
    return "delivered";
  }

  #pack(supplied: Supplied): Parcel | undefined {
    const { config, stream, name, progress, remaining } = this.#state;
    const { message, deliveries } = supplied;
    const delivery = { number: progress.number, deliveries };
    const reply = ackSubject(stream.name, name, delivery, message, remaining.count);
    const { headers, body } = config.headers_only ? headersOnly(message) : message;
    const parcel = { supplied, to: config.deliver_subject, reply, headers, body };
    if (isPush(config)) return { ...parcel, request: undefined };
    const size = message.subject.length + reply.length + headers.length + body.length;
    const request = this.#parts.pulls.take(size);
    if (!request) return undefined;
    const pinned = config.priority_policy === "pinned_client"
      ? withHeader(headers, "Nats-Pin-Id", this.#parts.pin.id)
      : headers;
    return { ...parcel, to: request.reply, headers: pinned, request };
  }

  #send(parcel: Parcel): void {
    const { supplied: { message }, to, reply, headers, body, request } = parcel;
    const { config, context: { client, clock }, pending, progress, stream } = this.#state;
    const { seq } = message;
    const now = clock.wallTime();
    const isAcknowledged = config.ack_policy === "none";
    const number = progress.deliver(seq, isAcknowledged, now);
    if (!isAcknowledged) {
      pending.note(seq, number, now);
      this.#parts.ackWait.note(seq);
    }
    const undelivered = () => this.#return(seq, to);
    client.publish(message.subject, { to, reply, headers, body, undelivered });
    if (request) this.#settle(request, now);
    else this.#parts.push.delivered(sizeOf(parcel));
    if (isAcknowledged) stream.release(seq);
  }

  #settle({ batch, bytes, reply }: PullRequest, now: number): void {
    this.#parts.pulls.lastActive = now;
    if (batch > 0 || bytes <= 0) return;
    this.#state.context.client.say(reply, "409 Batch Completed", {
      "Nats-Pending-Messages": batch,
      "Nats-Pending-Bytes": bytes,
    });
  }

  /** Undoes a delivery that reached no client. */
  #return(seq: number, to: string): void {
    const { config, pending, redelivery } = this.#state;
    const { push, pulls } = this.#parts;
    redelivery.discount(seq);
    if (isPush(config)) return push.look();
    pulls.sweep(false);
    pulls.credit(to);
    if (pending.get(seq)) redelivery.add(seq);
    this.wake();
  }
}

function sizeOf({ to, reply, headers, body }: Parcel): number {
  return to.length + reply.length + headers.length + body.length;
}

function headersOnly({ headers, body }: StoredMessage): { headers: string; body: Uint8Array } {
  return { headers: withHeader(headers, "Nats-Msg-Size", String(body.length)), body: NOTHING };
}
