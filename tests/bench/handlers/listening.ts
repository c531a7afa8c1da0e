import type { Msg } from "@nats-io/transport-deno";
import type { Schema, SubscriberOptions } from "../../../mod.ts";
import { brokerOf, type Ends } from "../ends.ts";
import { doubled, headersOf, JSON_TYPE, type Order } from "./orders.ts";

export const SUBJECT = "bench.handlers";

/** Connects and listens for orders; ends with the round, so that the next side finds nobody there. */
export type Listen = () => Promise<AsyncDisposable>;

/** Our handler. */
export async function listen(
  { servers }: Ends,
  options: SubscriberOptions<Order> = {},
): Promise<AsyncDisposable> {
  const broker = brokerOf(servers);
  broker.subscriber(SUBJECT, options, ({ body }) => doubled(body as Order));
  await broker.start();
  return broker;
}

/** The bare client's callback. */
export async function listenBare(
  ends: Ends,
  answer: (message: Msg) => void,
): Promise<AsyncDisposable> {
  const client = await ends.connect();
  client.subscribe(SUBJECT, { callback: (_error, message) => answer(message) });
  await client.flush();
  return client;
}

/** Does what our handler does: reads the type and the id, and gives them back. */
export function answerTyped(message: Msg): void {
  respondTyped(message, (order) => order as Order);
}

/** Has the order checked as well, as our handler has. */
export function answerChecked(
  { "~standard": { validate } }: Schema<Order>,
): (message: Msg) => void {
  const read = (order: unknown) => {
    const result = validate(order);
    if ("value" in result) return result.value;
    throw new TypeError("Cannot answer as an order must fit: it does not");
  };
  return (message) => respondTyped(message, read);
}

export function answerPlain(message: Msg): void {
  message.respond(JSON.stringify(doubled(message.json())));
}

function respondTyped(message: Msg, read: (order: unknown) => Order): void {
  const { headers } = message;
  const [type, id] = [headers!.get("content-type"), headers!.get("correlation_id")];
  if (type !== JSON_TYPE) throw new TypeError(`Cannot read an order as it must be JSON: ${type}`);
  const answer = JSON.stringify(doubled(read(message.json())));
  message.respond(answer, { headers: headersOf(JSON_TYPE, id) });
}
