import { breath } from "../../../../pacing.ts";
import { print } from "../../../../legible.ts";
import { Alarm } from "../alarm.ts";
import { ApiError } from "../api/errors.ts";
import type { Clock } from "../../../../clock.ts";
import { withHeader, withoutHeader, withoutHeaders } from "../header_block.ts";
import type { Published, StoredMessage } from "../message.ts";
import { NANOSECONDS } from "../time.ts";
import { shownExternal, type SourceConfig, whole } from "./config.ts";
import { HEADER } from "./header_names.ts";
import type { StreamConsumer } from "./interest.ts";
import type { Origin, Origins } from "./origins.ts";
import { keyOf, nameOf, type SourceName, type SourcePlace, writeSource } from "./source_name.ts";
import { sourceStart } from "./source_start.ts";
import type { StreamState } from "./state.ts";
import { SubjectFilter } from "./subject_filter.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** Messages to copy before yielding to other work. */
const MANY = 64;
/** How soon nats-server tries again what the stream refused, in milliseconds. */
const AGAIN = 2_000;
/** The heartbeats with which an origin of nats-server says that it is there, in milliseconds. */
const HEARTBEAT = 1_000;

/** What a source needs of its stream and of the server. */
export interface SourceGround {
  readonly origins: Origins;
  readonly clock: Clock;
  /** The state of the stream that takes in the copies. */
  readonly state: StreamState;
  /** Stores a copy; throws an {@linkcode ApiError} if the stream refuses it. */
  take(published: Published): void;
}

/**
 * One source of a stream: copies what its origin stores. It reads the origin where it stands instead of having messages
 * sent, so that it holds none itself.
 */
export class SourceFeed implements StreamConsumer {
  readonly name: string;
  readonly isLimited = false;
  /** The source's name, by which it is found again. */
  readonly key: string;
  readonly #ground: SourceGround;
  readonly #source: SourceConfig;
  readonly #named: SourceName;
  readonly #filter: SubjectFilter;
  readonly #transforms: readonly (SubjectTransform | undefined)[];
  readonly #again: Alarm;
  readonly #unwatch: () => void;
  #origin: Origin | undefined;
  /** The last message that was passed, by its sequence in the origin, and which origin that was. */
  #passed: SourcePlace;
  /** The sequence in the origin of the last message that was stored. */
  #stored: number;
  #lag = 0;
  /** When the origin was last heard of. */
  #heard: number | undefined;
  #error: ApiError | undefined;
  /** Whether the stream has refused the next message, and it is not yet time to try again. */
  #isHeldUp = false;
  #isAwake = false;
  #isOver = false;

  /** `known` is the place of the last message of this source that the stream has. */
  constructor(ground: SourceGround, source: SourceConfig, known: SourcePlace | undefined) {
    const { origins, clock, state } = ground;
    const { name, filter_subject = "", subject_transforms = [] } = source;
    this.#ground = ground;
    this.#source = source;
    this.#named = nameOf(source);
    this.key = keyOf(this.#named);
    this.name = `${state.config.name} ${this.key}`;
    const filters = subject_transforms.length > 0
      ? subject_transforms.map(({ src = "" }) => src)
      : [filter_subject];
    this.#filter = new SubjectFilter(filters.includes("") ? [] : filters);
    this.#transforms = subject_transforms.map(({ src = "", dest = "" }) =>
      SubjectTransform.of(src, dest, clock.random)
    );
    this.#passed = known ?? { seq: 0, identity: "" };
    this.#stored = this.#passed.seq;
    this.#again = new Alarm(clock, () => {
      this.#isHeldUp = false;
      this.#wake();
    });
    this.#unwatch = source.external ? () => {} : origins.watch(name, () => this.#wake());
    this.#wake();
  }

  /** Only an origin that keeps what is needed counts it among its consumers. */
  get isHidden(): boolean {
    return this.#origin?.config.retention === "limits";
  }

  get subjects(): readonly string[] {
    return this.#filter.subjects;
  }

  /** What responses tell of the source. */
  info(): object {
    const { name, filter_subject = "", subject_transforms = [], external } = this.#source;
    return {
      name,
      ...external && { external: shownExternal(external) },
      lag: this.#lag,
      ...this.#stored > 0 && { seq: this.#stored },
      active: this.#active,
      ...filter_subject !== "" && { filter_subject },
      ...subject_transforms.length > 0 && {
        subject_transforms: subject_transforms.map(whole),
      },
      ...this.#error && { error: this.#error },
    };
  }

  /** Records that the stream has stored a copy. */
  stands({ seq }: SourcePlace): void {
    this.#stored = seq;
  }

  /** Copies no more. */
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

  /** Goes on after the work in progress: who changed a stream sees the answer before the effect. */
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
    const { clock, state } = this.#ground;
    const { identity, seq } = this.#passed;
    const isOther = identity !== "" && identity !== origin.identity;
    const from = isOther ? 0 : seq;
    const start = sourceStart(this.#source, from, origin.log, isOther ? undefined : state.log);
    this.#passed = { seq: start - 1, identity: origin.identity };
    this.#error = undefined;
    this.#heard = clock.wallTime();
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

  /** Copies the next message; `false` if there is none, or if the stream does not take it. */
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
      this.#ground.take(this.#copy(message, origin));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#wait(origin, message.seq);
      return false;
    }
    this.#passed = { seq: message.seq, identity: origin.identity };
    origin.release(message.seq);
    return true;
  }

  /** The lag is that of nats-server, which counts neither the message that it holds nor the one before. */
  #wait(origin: Origin, seq: number): void {
    this.#lag = Math.max(this.#filter.count(origin.log, seq) - 2, 0);
    this.#isHeldUp = true;
    this.#again.set(this.#ground.clock.wallTime() + AGAIN);
  }

  #copy({ seq, subject, headers, body }: StoredMessage, { identity }: Origin): Published {
    let kept = withoutHeader(headers, HEADER.source);
    for (const prefix of ["Nats-Expected-", "Nats-Batch-"]) kept = withoutHeaders(kept, prefix);
    const source = writeSource(this.#named, { seq, identity }, subject);
    return {
      subject: this.#changed(subject),
      reply: "",
      headers: withHeader(kept, HEADER.source, source),
      body,
    };
  }

  #changed(subject: string): string {
    for (const transform of this.#transforms) {
      const changed = transform?.apply(subject);
      if (changed !== undefined) return changed;
    }
    return subject;
  }
}
