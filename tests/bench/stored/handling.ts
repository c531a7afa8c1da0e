import { register } from "../../../src/door/mod.ts";
import { consumer, jetstream, stream } from "../../../src/jetstream/mod.ts";
import { fromNpm } from "../../support/npm.ts";
import { brokerOf, type Ends } from "../ends.ts";
import { inLanes } from "../lanes.ts";
import type { Side, Work } from "../work.ts";
import { JetStreamApi } from "../../support/jetstream/internals.ts";

/** What was handled, and how long it took from the first to the last, whose acknowledgement the server has. */
interface Handled {
  readonly count: number;
  readonly took: number;
}

/** What is used of nats.js. */
interface BareModule {
  readonly jetstream: (client: unknown) => {
    readonly consumers: { get(stream: string, name: string): Promise<BareConsumer> };
  };
}

interface BareConsumer {
  consume(
    options: { readonly max_messages: number; readonly callback: (message: BareMessage) => void },
  ): Promise<{ close(): Promise<unknown> }>;
}

interface BareMessage {
  ackAck(): Promise<boolean>;
}

const NAME = "BENCH_WORK";
const BODY = new TextEncoder().encode("sixteen bytes ok");
/** So many are taken at once at most, by whoever it is. */
const PLACES = 256;
const ACK = new TextEncoder().encode("+ACK");
const WORK = stream(NAME, { subjects: ["bench.work"], storage: "memory", declare: "create" });

/** Handlers of stored messages: beside a callback of our own connection that acknowledges, and beside nats.js. */
export function handlingStored(ends: Ends): readonly Work<Handled>[] {
  const rows = new Rows(ends);
  const common = { unit: "messages", took: ({ took }: Handled) => took };
  const right = ({ count }: Handled) => count > 0;
  return [
    {
      ...common,
      name: "handler of a stream, beside a callback of ours that acknowledges",
      aim: 0.9,
      ours: rows.handling(false),
      rival: rows.calling(),
      right,
    },
    {
      ...common,
      name: "confirmed acknowledgements, many at once",
      aim: 4,
      ours: rows.handling(true),
      rival: rows.confirmingBare(),
      right,
    },
  ];
}

/** Counts until all are done: from the first on, as before that a consumer is made. */
class Counter {
  readonly all = Promise.withResolvers<void>();
  readonly #operations: number;
  #began = 0;
  #count = 0;

  constructor(operations: number) {
    this.#operations = operations;
  }

  begin(): void {
    this.#began ||= performance.now();
  }

  add(): void {
    if (++this.#count === this.#operations) this.all.resolve();
  }

  handled(): Handled {
    return { count: this.#count, took: performance.now() - this.#began };
  }
}

class Rows {
  readonly #ends: Ends;
  #api: JetStreamApi | undefined;
  #stored = 0;
  #consumers = 0;

  constructor(ends: Ends) {
    this.#ends = ends;
  }

  /** A handler of ours; with `confirm`, a message is done once the server says that it knows. */
  handling(confirm: boolean): Side<Handled> {
    return async (operations) => {
      await this.#fill(operations);
      const broker = brokerOf(this.#ends.servers);
      // once so many more have begun, these are confirmed
      const counter = new Counter(operations + (confirm ? PLACES : 0));
      const source = consumer(WORK, this.#nextName(), { confirm });
      broker.subscriber(source, { concurrency: PLACES }, () => {
        counter.begin();
        counter.add();
      });
      await broker.start();
      await counter.all.promise;
      await broker.flush();
      const handled = counter.handled();
      await broker.stop();
      return handled;
    };
  }

  /** A bare callback on a connection of ours, which asks for as many as the handler does. */
  calling(): Side<Handled> {
    return async (operations) => {
      await this.#fill(operations);
      const name = await this.#make();
      await using broker = brokerOf(this.#ends.servers);
      const access = register(broker, { name: "bench" });
      await broker.start();
      const counter = new Counter(operations);
      const inbox = access.newInbox();
      const half = new TextEncoder().encode(`{"batch":${PLACES / 2},"expires":30000000000}`);
      const ask = () =>
        access.publish(`$JS.API.CONSUMER.MSG.NEXT.${NAME}.${name}`, half, { replyTo: inbox });
      let came = 0;
      access.subscribe(inbox, ({ subject, replyTo }) => {
        if (subject === inbox) return;
        counter.begin();
        access.publish(replyTo, ACK);
        counter.add();
        if (++came % (PLACES / 2) === 0) ask();
      });
      ask();
      ask();
      await counter.all.promise;
      await broker.flush();
      return counter.handled();
    };
  }

  /** A callback of nats.js that does not wait for one confirmation before it asks for the next. */
  confirmingBare(): Side<Handled> {
    return async (operations) => {
      await this.#fill(operations);
      const { jetstream } = await fromNpm<BareModule>("@nats-io/jetstream@3");
      const client = await this.#ends.connect();
      const bare = await jetstream(client).consumers.get(NAME, await this.#make());
      const counter = new Counter(operations);
      const messages = await bare.consume({
        max_messages: PLACES,
        callback: (message) => {
          counter.begin();
          // what is under way beyond those that count is cut short
          message.ackAck().then(() => counter.add(), () => {});
        },
      });
      await counter.all.promise;
      const handled = counter.handled();
      await messages.close();
      await client.close();
      return handled;
    };
  }

  /** Has the stream hold as many messages as are wanted. */
  async #fill(operations: number): Promise<void> {
    const js = jetstream(this.#ends.broker, { streams: [WORK] });
    const missing = operations + PLACES - this.#stored;
    if (missing <= 0) return;
    await inLanes(missing, () => js.publish("bench.work", BODY));
    this.#stored += missing;
  }

  /** A consumer for whoever makes none by himself; the server deletes it after a while. */
  async #make(): Promise<string> {
    const name = this.#nextName();
    this.#api ??= JetStreamApi.of(register(this.#ends.broker, { name: "bench" }));
    await this.#api.call(`CONSUMER.CREATE.${NAME}.${name}`, {
      stream_name: NAME,
      config: { durable_name: name, ack_policy: "explicit", mem_storage: true },
    });
    return name;
  }

  #nextName(): string {
    return `work-${this.#consumers++}`;
  }
}
