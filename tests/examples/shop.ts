/**
 * A shop, as an application of FastStream has it: a router below a prefix, validated orders, publishers, middleware for
 * both directions, exceptions that become answers, and a warehouse that is open for as long as messages are handled.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/shop.ts
 * ```
 *
 * @module
 */
import type { Schema } from "@signalbox/nats";
import { NatsBroker, NatsRouter, RemoteError, ReplyError } from "@signalbox/nats";
import { mapErrors } from "@signalbox/nats/middleware";
import { EmbeddedServer } from "@signalbox/nats/testing";

/** What a customer orders. FastStream: a pydantic model. */
export interface Order {
  readonly item: string;
  readonly amount: number;
}

/** What became of it. */
export interface Receipt {
  readonly id: string;
  readonly customer: string;
  readonly left: number;
}

/** What middleware puts into `message.state`. FastStream: local context. */
export type State = { customer: string };

/** Thrown by code that knows nothing of NATS. */
export class SoldOut extends Error {
  override readonly name = "SoldOut";
  constructor(readonly item: string, readonly left: number) {
    super(`There are ${left} of ${item}`);
  }
}

/** Such as a pool of database connections: opened once, closed once. */
export class Warehouse implements AsyncDisposable {
  isOpen = true;
  readonly #stock: Map<string, number>;

  private constructor(stock: Readonly<Record<string, number>>) {
    this.#stock = new Map(Object.entries(stock));
  }

  static open(stock: Readonly<Record<string, number>>): Promise<Warehouse> {
    return Promise.resolve(new Warehouse(stock));
  }

  /** How many there are. */
  count(item: string): number {
    return this.#stock.get(item) ?? 0;
  }

  /** Takes goods out, and returns how many are left. */
  take(item: string, amount: number): number {
    if (!this.isOpen) throw new Error("The warehouse is closed");
    const left = this.count(item);
    if (amount > left) throw new SoldOut(item, left);
    this.#stock.set(item, left - amount);
    return left - amount;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isOpen = false;
    return Promise.resolve();
  }
}

/** By hand here; zod, valibot and arktype make these. */
export const anOrder: Schema<Order> = {
  "~standard": {
    version: 1,
    vendor: "shop",
    validate(value) {
      const { item, amount } = Object(value);
      const issues = [];
      if (typeof item !== "string") issues.push({ message: "must be text", path: ["item"] });
      if (!(Number.isInteger(amount) && amount > 0)) {
        issues.push({ message: "must be a whole number above 0", path: ["amount"] });
      }
      return issues.length > 0 ? { issues } : { value: { item, amount } };
    },
  },
};

/**
 * Takes orders. FastStream: `NatsRouter(prefix="orders.")`, `@router.subscriber("{id}.place", queue="shop")` beneath
 * `@router.publisher("placed")`; here what a handler needs is an argument of the function around it.
 */
export function orders(warehouse: Warehouse): NatsRouter<State> {
  const router = new NatsRouter<State>();
  const low = router.publisher("low.{item}");
  router.subscriber(
    "{id}.place",
    { queue: "shop", schema: anOrder, publishTo: "{id}.placed" },
    async ({ body: { item, amount }, params: { id }, state: { customer } }): Promise<Receipt> => {
      const left = warehouse.take(item, amount);
      if (left < 5) await low.publish({ item }, { left });
      return { id, customer, left };
    },
  );
  return router;
}

/** The application: everything but a connection, so that a test can have it as it is. */
export function createShop(server: string, warehouse: Warehouse): NatsBroker<State> {
  const broker = new NatsBroker<State>(server, { inboxPrefix: "_SHOP", logger: false });
  broker.use((message, next) => {
    message.state.customer = message.headers.get("x-customer") ?? "somebody";
    return next();
  });
  // FastStream: ExceptionMiddleware
  broker.use(
    mapErrors((error) =>
      error instanceof SoldOut
        ? new ReplyError(409, "Sold out", { item: error.item, left: error.left }, { cause: error })
        : error
    ),
  );
  // FastStream: BaseMiddleware.publish_scope
  broker.use({
    publish: (draft, next) =>
      next({ ...draft, headers: { ...draft.headers, "x-branch": "north" } }),
  });
  broker.include(orders(warehouse), { prefix: "orders." });
  // FastStream: lifespan; it closes once the handlers have ended
  broker.onStop(warehouse);
  return broker;
}

/** A customer asks for this and that; what comes back is printed. */
export async function trade(server: string, print: (line: string) => void): Promise<void> {
  await using shop = createShop(server, await Warehouse.open({ tea: 12 }));
  await shop.start();

  await using customer = new NatsBroker(server, { inboxPrefix: "_CUSTOMER", logger: false });
  await customer.connect();
  await using low = await customer.subscriber("orders.low.{item}").start();
  const place = customer.publisher("orders.{id}.place");
  const headers = { "x-customer": "Ada" };
  for (const [id, amount] of [["1", 8], ["2", 0], ["3", 8]] as const) {
    try {
      const { body } = await place.request({ id }, { item: "tea", amount }, { headers });
      print(`${id}: ${JSON.stringify(body)}`);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      print(`${id}: ${error.code} ${JSON.stringify(error.data)}`);
    }
  }
  const message = await low.next({ timeout: "5s" });
  print(`low: ${message?.params.item} ${JSON.stringify(message?.body)}`);
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") || undefined;
  await using embedded = url ? undefined : await EmbeddedServer.start();
  await trade(url ?? embedded!.url, console.log);
}
