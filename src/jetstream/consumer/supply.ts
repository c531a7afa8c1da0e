import type { Timer } from "../../clock.ts";
import { isPowerOfTen } from "../../events.ts";
import { asError } from "../../legible.ts";
import {
  type BrokerAccess,
  encodeFields,
  MessageHeaders,
  type RawMessage,
} from "../../door/mod.ts";
import { type AckSubject, readAckSubject } from "../api/ack_subject.ts";
import type { ConsumerInfo } from "../api/api_types.ts";
import { keptHeaders, readDeadLetter } from "../dead/dead_letter.ts";
import type { AckKeeper } from "./ack_keeper.ts";
import { isOwnSubject } from "../stream/own_subjects.ts";
import { ACK, nak, term } from "./ack_words.ts";
import type { GroupSettings } from "./group.ts";
import { Holds } from "./holds.ts";
import type { PullLimits } from "./pull_verdict.ts";
import { Puller, type PullOwner } from "./puller.ts";
import type { Partition } from "./partitions/filter.ts";
import { readPartitioned } from "./partitions/queue.ts";
import type { QueueKeeper } from "./partitions/queue_keeper.ts";
import { readOwnMessage } from "./own_message.ts";
import { Held } from "./stored_delivery.ts";
import { TurnPuller } from "./turn_puller.ts";
import type { Turns } from "./turns.ts";

const NANOSECONDS = 1_000_000;
/** How often to look whether somebody has changed the consumer, in milliseconds. */
const LOOK = 30_000;

/** When the server delivers a message again that must not be acknowledged, in milliseconds. */
const LATER = 3_600_000;

/** What a supply feeds. */
export interface SupplyOwner {
  /** How many more messages there are places for. */
  room(): number;
  /** How many places there are in all. */
  places(): number;
  /** Takes a message that was delivered. */
  arrived(held: Held): void;
  /**
   * The consumer is not there; `next` is where to go on in the stream, if it has to be made again. Resolves with whether
   * another stream has the name now.
   */
  restore(next: number | undefined): Promise<boolean>;
  /** Gives what the server has of the consumer, if that can be asked, and tells if it is not as declared any more. */
  look(): Promise<ConsumerInfo | undefined>;
  /** Whether the stream removes a message once it is acknowledged. */
  isQueue(): boolean;
  /** Makes the server give the messages to another process of the group. */
  unpin(): Promise<void>;
  report(error: Error): void;
}

/** What one of the server's consumers delivers: messages, replayed dead letters, or the consumer's own messages. */
export type SupplyKind = "main" | "replays" | "own";

/** Which consumer it is, and how it is asked. */
export interface SupplyPlan {
  readonly prefix: string;
  readonly stream: string;
  readonly consumer: string;
  /** The name of the consumer that the program has declared. */
  readonly of: string;
  readonly ackWait: number;
  readonly heartbeat: number;
  readonly group: GroupSettings | undefined;
  readonly kind: SupplyKind;
  /** The partition, if this is the consumer of one. */
  readonly partition: Partition | undefined;
  readonly queue: QueueKeeper | undefined;
}

/** One consumer of the server that feeds the handlers: what is asked of it, and what it waits for. */
export class Supply implements PullOwner {
  readonly holds: Holds;
  readonly puller: Puller | TurnPuller;
  readonly #access: BrokerAccess;
  readonly #plan: SupplyPlan;
  readonly #owner: SupplyOwner;
  readonly #keeper: AckKeeper;
  /** Behind the last message that was delivered here. */
  #next: number | undefined;
  #foreign = 0;
  #spared = 0;
  #looking: Timer | undefined;
  #isOver = false;

  constructor(
    access: BrokerAccess,
    plan: SupplyPlan,
    owner: SupplyOwner,
    keeper: AckKeeper,
    turns?: Turns,
  ) {
    this.#access = access;
    this.#plan = plan;
    this.#owner = owner;
    this.#keeper = keeper;
    this.holds = new Holds(access, plan.ackWait);
    const { prefix, stream, consumer, heartbeat, group } = plan;
    const pullPlan = {
      subject: `${prefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      what: `consumer "${consumer}" of "${stream}"`,
      heartbeat,
      group,
    };
    this.puller = turns
      ? new TurnPuller(access, { ...pullPlan, isRare: plan.kind === "own" }, this, turns)
      : new Puller(access, pullPlan, this);
  }

  /** Takes turns with other supplies, behind those that were added before. */
  takeTurns(turns: Turns | undefined): void {
    if (this.puller instanceof TurnPuller) turns?.add(this.puller);
  }

  get room(): number {
    return this.#owner.room();
  }

  get places(): number {
    return this.#owner.places();
  }

  /** Begins to ask; `info` is what the server has, if it was asked. */
  open(info: ConsumerInfo | undefined): void {
    if (info) {
      this.#note(info);
      this.#lookLater();
    }
    this.puller.open(limitsOf(info));
  }

  /** Asks no more; resolves once nothing is on its way. */
  stop(): Promise<void> {
    this.#rest();
    return this.puller.stop();
  }

  /** Hands over to another process of the group, which then need not wait; call it once no message is handled here. */
  async handOver(): Promise<void> {
    if (!this.puller.isPinned) return;
    this.puller.close();
    await this.#owner.unpin().catch((error) => this.report(asError(error)));
  }

  /** Ends it at once. */
  close(): void {
    this.#rest();
    this.puller.close();
    this.holds.close();
  }

  take(raw: RawMessage): boolean {
    const ack = readAckSubject(raw.replyTo);
    const { stream, consumer } = this.#plan;
    if (!ack || ack.stream !== stream || ack.consumer !== consumer) return false;
    const known = this.holds.get(ack.seq);
    if (known && known.storedAt === ack.time) {
      // it is still handled here: the server wants to hear of it under its new address
      known.ackTo = raw.replyTo;
      return true;
    }
    if (this.#plan.kind === "main" && isOwnSubject(raw.subject)) return this.#spare(raw);
    // its outcome was told, and is on its way or was lost
    if (ack.attempt > 1 && this.#keeper.repeat(this, ack, raw.replyTo)) return true;
    this.#next = Math.max(this.#next ?? 0, ack.seq + 1);
    const held = this.#held(raw, ack);
    if (!held) return true;
    this.holds.add(held);
    this.#owner.arrived(held);
    return true;
  }

  async restore(): Promise<void> {
    const next = this.holds.size > 0 ? this.holds.lowest : this.#next;
    // the numbers of another stream of the same name begin anew
    if (await this.#owner.restore(next)) this.#next = undefined;
    await this.#look();
  }

  report(error: Error): void {
    this.#owner.report(error);
  }

  /** Leaves out a message of this package; the consumer is older than the package's subjects in the stream. */
  #spare({ subject, replyTo }: RawMessage): true {
    const { stream, consumer } = this.#plan;
    // an acknowledgement in a work queue removes the message, so a schedule would never fire
    const isNeeded = this.#owner.isQueue() && isOwnSubject(subject, stream);
    this.#access.publish(replyTo, isNeeded ? nak(LATER) : ACK);
    if (!isNeeded || !isPowerOfTen(++this.#spared)) return true;
    const rule = "in a work queue with schedules a consumer must name its subjects";
    const sentence = `Cannot keep "${subject}" from the consumer "${consumer}" as ${rule}`;
    this.#owner.report(new Error(`${sentence}: it takes all of "${stream}"`));
    return true;
  }

  #held(raw: RawMessage, ack: AckSubject): Held | undefined {
    const { kind, partition } = this.#plan;
    if (kind === "replays") return this.#replayed(raw, ack);
    if (kind === "own") return this.#stored(raw, ack);
    if (partition) return this.#partitioned(raw, ack, partition);
    return new Held(this, raw, ack, undefined, this.#access.clock.now());
  }

  /** Takes an own message of the consumer: the handler gets the original message, and the attempts go on counting. */
  #stored(raw: RawMessage, ack: AckSubject): Held | undefined {
    const { stream, of } = this.#plan;
    const message = readOwnMessage(raw, stream, of);
    if (!message) return this.#refuse(raw, "a message that its consumer has stored");
    const held = new Held(this, message.raw, ack, message.origin, this.#access.clock.now());
    held.attempt = message.attempt + ack.attempt - 1;
    held.rank = message.attempt;
    held.replaces = message.replaces;
    return held;
  }

  /** Takes a message of a partition: the handler gets the original message. */
  #partitioned(raw: RawMessage, ack: AckSubject, partition: Partition): Held | undefined {
    const { of, queue } = this.#plan;
    const message = readPartitioned(raw, of, ack.time);
    if (!message) return this.#refuse(raw, "a copy that the server has made");
    const held = new Held(this, message.raw, ack, message.origin, this.#access.clock.now());
    held.life = message.life;
    if (held.life === undefined) queue?.delivered(partition.number, message.origin.seq);
    return held;
  }

  /** A dead letter that was given back: the handler gets the message that it was. */
  #replayed(raw: RawMessage, ack: AckSubject): Held | undefined {
    const headers = MessageHeaders.parse(raw.headerBlock ?? new Uint8Array());
    const origin = readDeadLetter(headers);
    if (origin) {
      const headerBlock = encodeFields(keptHeaders(headers));
      const { data, replyTo } = raw;
      const own = { subject: origin.subject, replyTo, data, headerBlock };
      const held = new Held(this, own, ack, origin, this.#access.clock.now());
      held.life = ack.seq;
      return held;
    }
    return this.#refuse(raw, "a dead letter");
  }

  /** Refuses a message of the wrong form, which any client that may publish there can have stored. */
  #refuse({ subject, replyTo }: RawMessage, what: string): undefined {
    this.#access.publish(replyTo, term(`It must be ${what}`));
    if (!isPowerOfTen(++this.#foreign)) return;
    this.#owner.report(
      new Error(
        `Cannot handle "${subject}" as its headers must be those of ${what}: they are missing or wrong`,
      ),
    );
  }

  /** What is delivered no more, as it does not match any more, nobody would notice. */
  #lookLater(): void {
    if (this.#isOver) return;
    const { clock } = this.#access;
    const wait = LOOK * (0.75 + clock.random() / 2);
    this.#looking = clock.setTimeout(() => this.#look().then(() => this.#lookLater()), wait);
  }

  #rest(): void {
    this.#isOver = true;
    this.#looking?.clear();
  }

  async #look(): Promise<void> {
    try {
      const info = await this.#owner.look();
      if (info) this.#note(info);
    } catch {
      // the puller notices failures, and the next look repeats what this one could not do
    }
  }

  #note(info: ConsumerInfo): void {
    const { delivered, ack_floor, num_ack_pending } = info;
    const place = num_ack_pending > 0 ? ack_floor : delivered;
    // messages that other processes have settled are not known here, so go on from the server's place
    this.#next = (place?.stream_seq ?? 0) + 1;
    const { config } = info;
    if (config.ack_wait) this.holds.ackWait = config.ack_wait / NANOSECONDS;
  }
}

function limitsOf(info: ConsumerInfo | undefined): PullLimits {
  const { max_batch, max_expires, max_bytes } = info?.config ?? {};
  return {
    batch: max_batch || Infinity,
    expires: max_expires ? max_expires / NANOSECONDS : Infinity,
    bytes: max_bytes ?? 0,
  };
}
