import {
  type Arrival,
  type BrokerAccess,
  type Invocation,
  type OpenSource,
  type Outcome,
  type RawSubscription,
  type Sink,
  type Source,
  source,
} from "../../../src/door/mod.ts";

/** What each message of a batch has besides. */
export interface InBatch {
  /** Where it stands in its batch, from 0. */
  readonly at: number;
  /** Has this message alone settled as refused, whatever becomes of the others. */
  reject(): void;
}

/** How large a batch may be, and how long it waits for more, in milliseconds. */
export interface BatchOptions {
  readonly max: number;
  readonly within: number;
}

/** Readings of a subject, in lists; each is told at its reply address what became of it. */
export function batches<const Pattern extends string>(
  name: string,
  pattern: Pattern,
  options: BatchOptions,
): Source<{ pattern: Pattern; besides: InBatch; batch: true }> {
  const subject = pattern.replaceAll(/\{\w+\}/g, "*");
  return source(name, {
    pattern,
    batch: true,
    needs: { publish: [`${name}.told.*`], subscribe: [{ subject }] },
    open: (sink, access) => new OpenBatches(sink, access, subject, options),
  });
}

class OpenBatches implements OpenSource {
  readonly #sink: Sink;
  readonly #access: BrokerAccess;
  readonly #options: BatchOptions;
  readonly #subscription: RawSubscription;
  readonly #rejected = new WeakSet<object>();
  #batch: Arrival[] = [];
  #timer: { clear(): void } | undefined;
  #refusal: Error | undefined;

  constructor(sink: Sink, access: BrokerAccess, subject: string, options: BatchOptions) {
    this.#sink = sink;
    this.#access = access;
    this.#options = options;
    const refused = (error: Error) => void (this.#refusal = error);
    this.#subscription = access.subscribe(subject, (raw) => this.#add(raw), { refused });
  }

  ready(): void {
    if (this.#refusal) throw this.#refusal;
  }

  async stop(): Promise<void> {
    await this.#subscription.drain();
    this.#deliver();
  }

  settle({ origin }: Invocation, outcome: Outcome): void {
    for (const raw of origin as readonly Arrival[]) {
      const word = this.#rejected.has(raw) ? "rejected" : outcome.kind;
      this.#access.publish(raw.replyTo, new TextEncoder().encode(word));
    }
  }

  #add(raw: Arrival): void {
    const kept = { ...raw, data: raw.data.slice() };
    const besides: InBatch = { at: this.#batch.length, reject: () => this.#rejected.add(kept) };
    this.#batch.push({ ...kept, besides, origin: kept });
    if (this.#batch.length >= this.#options.max) return this.#deliver();
    this.#timer ??= this.#access.clock.setTimeout(() => this.#deliver(), this.#options.within);
  }

  #deliver(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) this.#sink.take(batch);
  }
}
