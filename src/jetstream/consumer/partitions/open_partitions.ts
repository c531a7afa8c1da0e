import type {
  BrokerAccess,
  Delivery,
  Invocation,
  OpenSource,
  Outcome,
  Sink,
} from "../../../door/mod.ts";
import { isPowerOfTen } from "../../../events.ts";
import type { OpenConsumer } from "../open_consumer.ts";
import type { Held } from "../stored_delivery.ts";
import { Leases } from "./leases.ts";
import type { QueueKeeper } from "./queue_keeper.ts";

/** The sink of one partition, which always has a place for one message. */
class PartitionSink implements Sink {
  readonly #sink: Sink;
  readonly #take: (delivery: Delivery) => void;

  constructor(sink: Sink, take: (delivery: Delivery) => void) {
    this.#sink = sink;
    this.#take = take;
  }

  /** One message, because the server delivers one message of a partition at a time, to the process that asked first. */
  get free(): number {
    return 1;
  }

  get serves(): Sink["serves"] {
    return this.#sink.serves;
  }

  take(delivery: Delivery): void {
    this.#take(delivery);
  }

  drop(): void {
    this.#sink.drop();
  }

  report(error: Error, invocation?: Invocation): void {
    this.#sink.report(error, invocation);
  }
}

/**
 * The partitions of a consumer that a broker has opened. Each process asks for all of them. The process that asked first
 * gets the next message of a partition once the one before it is settled. So processes share the work without knowing each
 * other.
 */
export class OpenPartitions implements OpenSource {
  readonly timeout: number;
  readonly #sink: Sink;
  readonly #partitions: readonly OpenConsumer[];
  readonly #leases: Leases;
  readonly #queue: QueueKeeper;
  #lost = 0;

  /** `open` opens the partitions for one sink; `queue` makes or checks their stream. */
  constructor(
    sink: Sink,
    access: BrokerAccess,
    ackWait: number,
    open: (sink: Sink) => readonly OpenConsumer[],
    queue: QueueKeeper,
  ) {
    this.#sink = sink;
    this.#queue = queue;
    this.#leases = new Leases(access, ackWait, (held, invocation) => this.#lose(held, invocation));
    this.#partitions = open(new PartitionSink(sink, (delivery) => this.#take(delivery)));
    this.timeout = this.#partitions[0]!.timeout;
  }

  get isRefused(): boolean {
    return this.#partitions.some(({ isRefused }) => isRefused);
  }

  async ready(): Promise<void> {
    await this.#queue.declare();
    await this.#leases.open();
    await Promise.all(this.#partitions.map((partition) => partition.ready()));
  }

  async stop(): Promise<void> {
    this.#queue.close();
    await Promise.all(this.#partitions.map((partition) => partition.stop()));
    this.#leases.close();
  }

  cancel(): void {
    this.#queue.close();
    this.#leases.close();
    for (const partition of this.#partitions) partition.cancel();
  }

  freed(): void {
    for (const partition of this.#partitions) partition.freed(1);
  }

  admit(invocation: Invocation): unknown {
    const held = invocation.origin as Held;
    if (!this.#leases.run(held, invocation)) throw lost(held);
    return this.#partitionOf(held).admit(invocation);
  }

  settle(invocation: Invocation, outcome: Outcome): unknown {
    const held = invocation.origin as Held;
    // the server would take an acknowledgement from here for one of the process that has the message now
    if (!this.#leases.holds(held)) return;
    return this.#partitionOf(held).settle(invocation, outcome);
  }

  #take(delivery: Delivery): void {
    const { origin } = delivery as { readonly origin?: unknown };
    const held = origin as Held;
    if (this.#leases.begin(held)) return this.#sink.take(delivery);
    // the delivery lay unread for too long
    this.#lose(held, undefined);
  }

  /** Gives up a message that another process may have, or may get soon. */
  #lose(held: Held, invocation: Invocation | undefined): void {
    if (held.isSettled) return;
    const error = lost(held);
    invocation?.giveUp(error);
    this.#partitionOf(held).abandon(held);
    if (isPowerOfTen(++this.#lost)) this.#sink.report(error);
  }

  #partitionOf({ receipt: { supply } }: Held): OpenConsumer {
    return this.#partitions.find((partition) => partition.isFrom(supply))!;
  }
}

function lost({ told: { id } }: Held): Error {
  const rule = "the server must confirm in time that this process has it: another one may have it";
  return new Error(`Cannot handle ${id} as ${rule}`);
}
