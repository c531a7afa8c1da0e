import {
  type Arrival,
  type BrokerAccess,
  type Delivery,
  type Invocation,
  type OpenSource,
  type Outcome,
  type RawSubscription,
  type Sink,
  type Source,
  source,
} from "../../../src/door/mod.ts";

/** What a job has besides its message. */
export interface Job {
  readonly job: { readonly attempt: number };
}

/** How jobs are asked for and retried. */
export interface JobOptions {
  readonly attempts?: number;
  /** Milliseconds until a failed job comes again. */
  readonly retryAfter?: number;
}

/** A throw that gives a job up at once. */
export class GiveUp extends Error {}

const encoder = new TextEncoder();

interface Origin {
  readonly arrival: Arrival;
  readonly attempt: number;
}

/**
 * Jobs from a queue that hands out as many as it is asked for, at `NAME.next`, and wants to be told what became of each,
 * at the job's reply address: `+ACK`, `-NAK` or `+TERM`, as JetStream has it.
 */
export function jobs<const Pattern extends string>(
  name: string,
  pattern: Pattern,
  { attempts = 3, retryAfter = 20 }: JobOptions = {},
): Source<{ pattern: Pattern; besides: Job; batch: false }> {
  return source(name, {
    pattern,
    needs: { publish: [`${name}.next`, `${name}.ack.*`] },
    description: { attempts },
    open: (sink, access) => new OpenJobs(sink, access, { name, attempts, retryAfter }),
  });
}

class OpenJobs implements OpenSource {
  readonly #sink: Sink;
  readonly #access: BrokerAccess;
  readonly #options: Required<JobOptions> & { readonly name: string };
  readonly #inbox: string;
  readonly #subscription: RawSubscription;
  readonly #stopListening: () => void;
  /** Jobs that wait to be tried again. */
  readonly #retries = new Map<Origin, { clear(): void }>();
  readonly #settled = new WeakSet<Origin>();
  #asked = 0;
  #isStopped = false;

  constructor(
    sink: Sink,
    access: BrokerAccess,
    options: Required<JobOptions> & { readonly name: string },
  ) {
    this.#sink = sink;
    this.#access = access;
    this.#options = options;
    this.#inbox = access.newInbox();
    this.#subscription = access.subscribe(this.#inbox, (raw) => {
      this.#asked--;
      const [, subject] = new TextDecoder().decode(raw.data).match(/^(\S+)\n/)!;
      const data = raw.data.slice(subject!.length + 1);
      this.#take({ ...raw, subject: subject!, data, headerBlock: undefined }, 1);
    });
    this.#stopListening = access.onConnection((state) => {
      if (state === "closed") this.#isStopped = true;
      if (state !== "back") return;
      // what the queue has handed out meanwhile is lost
      this.#ask(0);
      this.#asked = 0;
      this.freed();
    });
  }

  ready(): void {
    this.freed();
  }

  freed(): void {
    const wanted = this.#sink.free - this.#asked - this.#retries.size;
    if (this.#isStopped || wanted <= 0) return;
    this.#asked += wanted;
    this.#ask(wanted);
  }

  /** Asks for so many; 0 takes back what was asked for. */
  #ask(wanted: number): void {
    const { name } = this.#options;
    this.#access.publish(`${name}.next`, encoder.encode(String(wanted)), { replyTo: this.#inbox });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    this.#ask(0);
    for (const [{ arrival }, timer] of this.#retries) {
      timer.clear();
      this.#tell(arrival, "-NAK");
    }
    this.#retries.clear();
    await this.#subscription.drain();
  }

  settle(invocation: Invocation, outcome: Outcome): void {
    const origin = invocation.origin as Origin;
    if (this.#settled.has(origin)) return;
    this.#settled.add(origin);
    const { arrival, attempt } = origin;
    if (outcome.kind === "done") return this.#tell(arrival, "+ACK");
    if (outcome.kind === "refused") return this.#tell(arrival, "-NAK");
    const isOver = outcome.error instanceof GiveUp || attempt >= this.#options.attempts;
    if (isOver) return this.#tell(arrival, "+TERM");
    if (this.#isStopped) return this.#tell(arrival, "-NAK");
    const timer = this.#access.clock.setTimeout(() => {
      this.#retries.delete(origin);
      this.#take(arrival, attempt + 1);
    }, this.#options.retryAfter);
    this.#retries.set(origin, timer);
  }

  #take(arrival: Arrival, attempt: number): void {
    const delivery: Delivery = {
      ...arrival,
      besides: { job: { attempt } },
      origin: { arrival, attempt } satisfies Origin,
    };
    this.#sink.take(delivery);
  }

  #tell({ replyTo }: Arrival, word: string): void {
    this.#access.publish(replyTo, encoder.encode(word));
  }
}
