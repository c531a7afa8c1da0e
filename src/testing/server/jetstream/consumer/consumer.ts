import { Alarm } from "../alarm.ts";
import { asksTooMuch } from "../api_level.ts";
import type { Context } from "../context.ts";
import type { Published, StoredMessage } from "../message.ts";
import type { ConsumerLimits } from "../stream/config.ts";
import type { StreamConsumer } from "../stream/interest.ts";
import type { Stream } from "../stream/stream.ts";
import { AckWait } from "./ack_wait.ts";
import { Acks } from "./acks.ts";
import { Announcements } from "./announcements.ts";
import { type ConsumerConfig, filtersOf, isPush } from "./config.ts";
import { Deliveries } from "./deliveries.ts";
import { SubjectFilter } from "../stream/subject_filter.ts";
import { Inactivity } from "./inactivity.ts";
import { infoOf } from "./info.ts";
import { Listening } from "./listening.ts";
import { Pin } from "./pin.ts";
import { Pulls } from "./pulls.ts";
import { Push } from "./push.ts";
import { Removals } from "./removals.ts";
import { answerReset } from "./reset.ts";
import { ConsumerState } from "./state.ts";
import { Supply } from "./supply.ts";

/** Memory of a consumer without open messages, in bytes: measured. */
const CONSUMER = 12 * 1_024;

/** A consumer: delivers messages of a stream, and tracks which of them are acknowledged. */
export class Consumer implements StreamConsumer {
  readonly #context: Context;
  readonly #stream: Stream;
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #ackWait: AckWait;
  readonly #pin: Pin;
  readonly #pulls: Pulls;
  readonly #push: Push;
  readonly #deliveries: Deliveries;
  readonly #acks: Acks;
  readonly #removals: Removals;
  readonly #inactivity: Inactivity;
  readonly #pause: Alarm;
  readonly #listening: Listening;
  /** Estimated memory without open messages, in bytes. */
  #own = 0;
  #isOver = false;

  /** Throws an {@linkcode ApiError} if the server has no memory left. Expects a checked configuration. */
  constructor(context: Context, stream: Stream, name: string, config: ConsumerConfig) {
    this.#context = context;
    this.#stream = stream;
    const state = this.#state = new ConsumerState(context, stream, name, config);
    const wake = () => this.#deliveries.wake();
    const announcements = this.#announcements = new Announcements(state);
    const ackWait = this.#ackWait = new AckWait(state, announcements, wake);
    const supply = new Supply(state, announcements, ackWait);
    const pin = this.#pin = new Pin(state, announcements, wake);
    const pulls = this.#pulls = new Pulls(state, pin);
    const push = this.#push = new Push(state, () => {
      this.#inactivity.watch();
      wake();
    });
    this.#deliveries = new Deliveries(state, {
      supply,
      pulls,
      push,
      pin,
      ackWait,
      note: () => this.#note(),
    });
    this.#acks = new Acks(state, announcements, ackWait, {
      wake,
      ask: (reply, body) => this.#ask(reply, body),
    });
    this.#removals = new Removals(state, supply, ackWait);
    this.#inactivity = new Inactivity(state, pulls, push, ackWait, () => this.delete());
    this.#pause = new Alarm(context.clock, () => {
      announcements.paused();
      wake();
    });
    this.#listening = new Listening(state, {
      acknowledged: (published) => this.#acknowledge(published),
      asked: (published) => this.#pull(published),
      reset: (published) => this.#reset(published),
      takenIn: (published) => this.#takenIn(published),
    });
  }

  get name(): string {
    return this.#state.name;
  }

  /** The current configuration. */
  get config(): ConsumerConfig {
    return this.#state.config;
  }

  get isHidden(): boolean {
    return this.config.direct;
  }

  get isLimited(): boolean {
    return !this.config.direct && !this.config.sourcing;
  }

  /** Starts delivering. */
  begin(): void {
    this.#stream.consumers.add(this);
    if (isPush(this.config)) this.#push.start();
    this.#inactivity.start();
    this.#pause.set(this.#pausedUntil);
    this.#announcements.created();
    this.#own = sizeOf(this.config);
    this.#note();
    this.#deliveries.wake();
  }

  /** The consumer's info as responses show it. */
  info(isListed = false): object {
    const parts = { pulls: this.#pulls, push: this.#push, pin: this.#pin };
    return infoOf(this.#state, parts, isListed);
  }

  /** Applies a new configuration, which must have been checked. */
  update(config: ConsumerConfig): void {
    const before = this.config;
    this.#state.config = config;
    this.#own = sizeOf(config);
    const filters = filtersOf(config);
    const isRefiltered = String(filters) !== String(this.#state.filter.subjects);
    if (isRefiltered) {
      this.#stream.consumers.remove(this);
      this.#state.filter = new SubjectFilter(filters);
      this.#stream.consumers.add(this);
      this.#stream.releaseAfter(0);
      this.#state.recount();
    }
    this.#ackWait.renew();
    if (config.deliver_subject !== before.deliver_subject) {
      this.#ackWait.expireAll();
      this.#push.move();
    }
    if (config.max_ack_pending !== before.max_ack_pending) this.#deliveries.wake();
    if (config.inactive_threshold !== before.inactive_threshold) this.#inactivity.start();
    if (config.pause_until !== before.pause_until) {
      this.#pause.set(this.#pausedUntil);
      // as on nats-server, waiting requests are not served until the next one arrives
      this.#announcements.paused();
    }
    this.#note();
  }

  /** Publishes the pause advisory if the consumer is paused. */
  announcePause(): void {
    if (this.#pausedUntil !== undefined) this.#announcements.paused();
  }

  /** Unpins the current client of a group, as a client requested. */
  unpin(group: string): void {
    this.#pin.clear();
    this.#announcements.unpinned(group, "admin");
    this.#deliveries.wake();
  }

  /** Deletes the consumer. */
  delete(): void {
    if (this.#isOver) return;
    this.ended();
    this.#stream.consumers.remove(this);
    if (this.#stream.config.retention !== "interest") return;
    if (this.#stream.consumers.isEmpty) this.#stream.purge({});
    else this.#stream.releaseAfter(this.#state.progress.floor.stream);
  }

  wants(subject: string): boolean {
    return this.#state.filter.matches(subject);
  }

  needs(message: StoredMessage): boolean {
    return this.#removals.needs(message);
  }

  exceeds({ inactive_threshold = 0, max_ack_pending = 0 }: ConsumerLimits): boolean {
    const { config } = this;
    return (inactive_threshold > 0 && config.inactive_threshold > inactive_threshold) ||
      (max_ack_pending > 0 && config.max_ack_pending > max_ack_pending);
  }

  get subjects(): readonly string[] {
    return this.#state.filter.subjects;
  }

  stored({ seq }: StoredMessage): void {
    this.#state.remaining.stored(seq);
    if (seq >= this.#state.progress.next) this.#deliveries.wake();
  }

  removed(message: StoredMessage): void {
    this.#removals.removed(message);
  }

  purged(filter: string): void {
    this.#removals.purged(filter);
    this.#note();
  }

  ended(): void {
    if (this.#isOver) return;
    this.#announcements.deleted();
    this.#pulls.stop();
    this.#stop();
  }

  get #pausedUntil(): number | undefined {
    return this.#state.isPaused ? this.#state.pausedUntil : undefined;
  }

  #acknowledge(published: Published): void {
    this.#inactivity.note();
    this.#acks.receive(published);
    this.#note();
  }

  #takenIn(published: Published): void {
    this.#push.answered(published, (seq, number) => {
      this.#acks.acknowledge({ seq, number, deliveries: 1 }, false);
    });
  }

  #pull({ reply, headers, body }: Published): void {
    if (reply === "") return;
    if (!isPush(this.config) && asksTooMuch(headers)) {
      return this.#context.client.say(reply, "412 Required Api Level");
    }
    this.#ask(reply, body);
  }

  #ask(reply: string, body: Uint8Array): void {
    if (isPush(this.config)) {
      return this.#context.client.say(reply, "409 Consumer is push based");
    }
    if (this.#pulls.receive(reply, body)) this.#deliveries.wake();
    this.#note();
  }

  #reset({ reply, headers, body }: Published): void {
    if (reply === "") return;
    const answer = answerReset(this.#state, { headers, body }, (from) => {
      this.#ackWait.stop();
      this.#state.restart(from);
      this.#stream.releaseAfter(0);
      this.#note();
      this.#deliveries.wake();
      return this.info();
    });
    this.#context.client.publish(reply, { body: JSON.stringify(answer) });
  }

  #note(): void {
    if (this.#isOver) return;
    this.#context.memory.note(this, this.#own + this.#state.held + this.#pulls.held);
  }

  #stop(): void {
    this.#isOver = true;
    this.#listening.stop();
    this.#deliveries.stop();
    this.#ackWait.stop();
    this.#push.stop();
    this.#pin.clear();
    this.#inactivity.stop();
    this.#pause.stop();
    this.#context.memory.note(this, 0);
  }
}

function sizeOf(config: ConsumerConfig): number {
  return CONSUMER + JSON.stringify(config).length;
}
