import { breath } from "../../../../pacing.ts";
import { print } from "../../../../legible.ts";
import { Alarm } from "../alarm.ts";
import { ApiError, invalidConfig } from "../api/errors.ts";
import type { Clock } from "../../../../clock.ts";
import type { StoredMessage } from "../message.ts";
import { NANOSECONDS } from "../time.ts";
import { shownExternal, type SourceConfig, whole } from "./config.ts";
import type { StreamConsumer } from "./interest.ts";
import type { Origin, Origins } from "./origins.ts";
import type { SourcePlace } from "./source_name.ts";
import { SubjectFilter } from "./subject_filter.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** How many messages to copy before yielding to other work. */
const MANY = 64;
/** How long nats-server waits before it retries a message that the stream refused, in milliseconds. */
const AGAIN = 2_000;
/** The interval of the heartbeats that a stream sends to its copies on nats-server, in milliseconds. */
const HEARTBEAT = 1_000;

/** Turns the messages of an origin into those of the stream that copies it. */
export interface Copier {
  /** The first sequence of the origin to copy, given the place up to which messages have been passed. */
  start(origin: Origin, passed: SourcePlace): number;
  /** Stores a copy under a subject; throws an {@linkcode ApiError} if the stream refuses it. */
  store(message: StoredMessage, subject: string, origin: Origin): void;
}

/** What a feed needs from the server. */
interface Ground {
  readonly origins: Origins;
  readonly clock: Clock;
}

/**
 * Copies the messages of an origin into another stream. It reads them directly from the origin's log, so it holds no
 * messages itself.
 */
export class CopyFeed implements StreamConsumer {
  readonly name: string;
  readonly isLimited = false;
  readonly #ground: Ground;
  readonly #source: SourceConfig;
  readonly #copier: Copier;
  readonly #filter: SubjectFilter;
  readonly #transforms: readonly (SubjectTransform | undefined)[];
  readonly #again: Alarm;
  readonly #unwatch: () => void;
  #origin: Origin | undefined;
  /** The place of the last passed message: its sequence in the origin, and the identity of that origin. */
  #passed: SourcePlace;
  #lag = 0;
  /** When the origin was last heard of. */
  #heard: number | undefined;
  #error: ApiError | undefined;
  /** Whether the stream has refused the next message and the wait before a retry is not over. */
  #isHeldUp = false;
  #isAwake = false;
  #isOver = false;

  /** `name` identifies it among the origin's consumers; `passed` is the place after which it begins. */
  constructor(
    ground: Ground,
    name: string,
    source: SourceConfig,
    copier: Copier,
    passed: SourcePlace = { seq: 0, identity: "" },
  ) {
    const { origins, clock } = ground;
    const { filter_subject = "", subject_transforms = [] } = source;
    this.#ground = ground;
    this.#source = source;
    this.#copier = copier;
    this.name = name;
    const filters = subject_transforms.length > 0
      ? subject_transforms.map(({ src = "" }) => src)
      : [filter_subject];
    this.#filter = new SubjectFilter(filters.includes("") ? [] : filters);
    this.#transforms = subject_transforms.map(({ src = "", dest = "" }) =>
      SubjectTransform.of(src, dest, clock.random)
    );
    this.#passed = passed;
    this.#again = new Alarm(clock, () => {
      this.#isHeldUp = false;
      this.#wake();
    });
    this.#unwatch = source.external ? () => {} : origins.watch(source.name, () => this.#wake());
    this.#wake();
  }

  /** Only an origin that keeps messages for its consumers counts this among them. */
  get isHidden(): boolean {
    return this.#origin?.config.retention === "limits";
  }

  get subjects(): readonly string[] {
    return this.#filter.subjects;
  }

  /** Whether the origin has been looked for. */
  get hasBegun(): boolean {
    return this.#origin !== undefined || this.#heard !== undefined || this.#error !== undefined;
  }

  /** The state of the feed, as responses show it. */
  info(): object {
    const { name, filter_subject = "", subject_transforms = [], external } = this.#source;
    return {
      name,
      ...external && { external: shownExternal(external) },
      lag: this.#lag,
      active: this.#active,
      ...filter_subject !== "" && { filter_subject },
      ...subject_transforms.length > 0 && {
        subject_transforms: subject_transforms.map(whole),
      },
      ...this.#error && { error: this.#error },
    };
  }

  /** Stops copying. */
  stop(): void {
    this.#isOver = true;
    this.#again.stop();
    this.#unwatch();
    this.#leave();
  }

  wants(subject: string): boolean {
    return this.#filter.matches(subject);
  }

  needs({ seq, subject }: StoredMessage): boolean {
    return seq > this.#passed.seq && this.#filter.matches(subject);
  }

  exceeds(): boolean {
    return false;
  }

  stored(): void {
    this.#wake();
  }

  removed(): void {}

  purged(): void {}

  ended(): void {
    this.#leave();
  }

  /** Nanoseconds since the origin was last heard of; -1 if it never was. */
  get #active(): number {
    if (this.#heard === undefined) return -1;
    const since = this.#ground.clock.wallTime() - this.#heard;
    return Math.round((this.#origin ? since % HEARTBEAT : since) * NANOSECONDS);
  }

  /** Continues in a microtask, so that a client that changed a stream gets the answer before the effect. */
  #wake(): void {
    if (this.#isAwake || this.#isOver) return;
    this.#isAwake = true;
    queueMicrotask(() => void this.#run().catch(print));
  }

  async #run(): Promise<void> {
    try {
      if (!this.#meet()) return;
      for (let count = 1; this.#next(); count++) if (count % MANY === 0) await breath();
    } finally {
      this.#isAwake = false;
    }
  }

  /** Finds the origin; `false` if there is none. */
  #meet(): boolean {
    const { origins } = this.#ground;
    const origin = this.#source.external ? undefined : origins.get(this.#source.name);
    if (this.#isOver) return false;
    if (origin !== this.#origin) this.#leave();
    if (!origin) {
      if (!this.#source.external) this.#error = new ApiError("streamNotFound");
      return false;
    }
    if (!this.#origin) this.#join(origin);
    return true;
  }

  #join(origin: Origin): void {
    const start = this.#copier.start(origin, this.#passed);
    this.#passed = { seq: start - 1, identity: origin.identity };
    this.#error = undefined;
    this.#heard = this.#ground.clock.wallTime();
    this.#origin = origin;
    origin.consumers.add(this);
  }

  #leave(): void {
    const origin = this.#origin;
    if (!origin) return;
    this.#heard = this.#ground.clock.wallTime();
    this.#origin = undefined;
    origin.consumers.remove(this);
    origin.releaseAfter(this.#passed.seq);
  }

  /** Copies the next message, and says whether it did: the origin may have no more, or the stream may refuse it. */
  #next(): boolean {
    const origin = this.#origin;
    if (!origin || this.#isHeldUp || this.#isOver) return false;
    const message = this.#filter.next(origin.log, this.#passed.seq + 1);
    if (!message) {
      this.#lag = 0;
      return false;
    }
    this.#heard = this.#ground.clock.wallTime();
    try {
      this.#copier.store(message, this.#changed(message.subject), origin);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#wait(origin, message.seq);
      // like nats-server, does not report refusals by the stream's limits
      if (error.number === invalidConfig("").number) this.#error = error;
      return false;
    }
    this.#passed = { seq: message.seq, identity: origin.identity };
    this.#error = undefined;
    origin.release(message.seq);
    return true;
  }

  /**
   * Waits before a retry. The lag follows nats-server, which counts neither the message that it holds nor the one before.
   */
  #wait(origin: Origin, seq: number): void {
    this.#lag = Math.max(this.#filter.count(origin.log, seq) - 2, 0);
    this.#isHeldUp = true;
    this.#again.set(this.#ground.clock.wallTime() + AGAIN);
  }

  #changed(subject: string): string {
    for (const transform of this.#transforms) {
      const changed = transform?.apply(subject);
      if (changed !== undefined) return changed;
    }
    return subject;
  }
}
