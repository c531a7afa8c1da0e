/**
 * An order pipeline on JetStream: orders are stored, billed and sent, each once. A bank that is closed has them tried again;
 * what it does not serve in time, or declines, is a dead letter; and once it is open, what failed is given back.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/order_pipeline.ts
 * ```
 *
 * @module
 */
import { type Duration, NatsBroker, type Schema } from "@signalbox/nats";
import { consumer, jetstream, Reject, stream } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";

/** What a customer orders. */
export interface Order {
  readonly item: string;
  readonly total: number;
}

/** Takes money, if it is open. */
export class Bank {
  isOpen = true;
  /** What was charged, by the id of the order: a second charge of the same order is none. */
  readonly charged = new Map<string, number>();

  charge(id: string, total: number): void {
    if (!this.isOpen) throw new Error("The bank is closed");
    this.charged.set(id, total);
  }
}

/** By hand here; zod, valibot and arktype make these. */
const anOrder: Schema<Order> = {
  "~standard": {
    version: 1,
    vendor: "pipeline",
    validate(value) {
      const { item, total } = Object(value);
      return typeof item === "string" && typeof total === "number"
        ? { value: { item, total } }
        : { issues: [{ message: "must have an item and a total" }] };
    },
  },
};

/** Where everything is stored: plain values, which a file of their own may hold. */
export const orders = stream("ORDERS", {
  subjects: ["orders.{id}.{event}"],
  maxAge: "7d",
  declare: "create",
});

/** How the pipeline works. */
export interface PipelineOptions {
  /** How long to wait before a failed order is tried again. */
  readonly backoff?: Duration;
  /** Gets what was sent. */
  readonly send: (id: string) => void;
}

/** The pipeline: everything but a connection, so that a test can have it as it is. */
export function createPipeline(server: string, bank: Bank, options: PipelineOptions) {
  const { backoff = "10s", send } = options;
  const broker = new NatsBroker(server, { inboxPrefix: "_PIPELINE", logger: false });
  const js = jetstream(broker, { streams: [orders] });
  const place = js.publisher("orders.{id}.placed", { stream: orders, schema: anOrder });
  const paid = js.publisher("orders.{id}.paid", { stream: orders });

  const billing = consumer(orders, "billing", {
    subject: "orders.{id}.placed",
    retry: { attempts: 3, backoff },
  });
  broker.subscriber(billing, { schema: anOrder }, async ({ body, params: { id }, delivery }) => {
    if (body.total > 1_000) throw new Reject("The customer has no such credit");
    bank.charge(id, body.total);
    // under an id of its own, so that a second attempt stores it no second time
    await paid.publish({ id }, body, { id: `paid:${delivery.id}` });
  });

  const sending = consumer(orders, "sending", { subject: "orders.{id}.paid" });
  broker.subscriber(sending, ({ params: { id } }) => send(id));

  return { broker, js, place, billing };
}

/** Gives back what failed for want of a bank; what was rejected stays. Returns the ids. */
export async function replayFailed({ js }: Pick<ReturnType<typeof createPipeline>, "js">) {
  const replayed: string[] = [];
  for await (const dead of js.deadLetters(orders, { consumer: "billing" })) {
    if (dead.reason === "failed" && await dead.replay()) replayed.push(dead.params.id);
  }
  return replayed;
}

/** A day of the pipeline; what happens is printed. */
export async function work(server: string, print: (line: string) => void): Promise<void> {
  const bank = new Bank();
  const sent: Record<string, PromiseWithResolvers<void>> = {
    1: Promise.withResolvers(),
    2: Promise.withResolvers(),
  };
  const send = (id: string) => sent[id]?.resolve();
  const pipeline = createPipeline(server, bank, { backoff: "50ms", send });
  const { broker, js, place } = pipeline;
  await broker.start();
  await place.publish({ id: "1" }, { item: "tea", total: 12 });
  await sent[1]!.promise;
  bank.isOpen = false;
  await place.publish({ id: "2" }, { item: "pot", total: 40 });
  await place.publish({ id: "3" }, { item: "house", total: 400_000 });

  const letters = js.deadLetters(orders, { follow: true });
  for (let at = 0; at < 2; at++) {
    const dead = await letters.next({ timeout: "10s" });
    print(`${dead?.params.id}: ${dead?.reason}, ${dead?.error}`);
  }
  await letters.close();

  bank.isOpen = true;
  print(`given back: ${await replayFailed(pipeline)}`);
  await sent[2]!.promise;
  print(`sent: 1,2, charged: ${[...bank.charged.values()]}`);
  await broker.stop();
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") || undefined;
  await using embedded = url ? undefined : await EmbeddedServer.start();
  await work(url ?? embedded!.url, console.log);
}
