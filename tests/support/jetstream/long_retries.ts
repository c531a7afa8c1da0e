import {
  consumer,
  type ConsumerOptions,
  jetstream,
  Retry,
  type Stream,
  stream,
} from "@signalbox/nats/jetstream";
import type { Backend } from "../backends.ts";
import { errorsOf, Workshop } from "./workshop.ts";

/** The declaration of a stream that can hold long retries. */
export const ORDERS = {
  subjects: ["orders.{id}"],
  allowMsgSchedules: true,
  declare: "create",
} as const;
export const orders = stream("ORDERS", ORDERS);
/** Retries that count as long, though they come soon. */
export const SOON = { attempts: 3, backoff: "500ms", jitter: 0, scheduleFrom: "100ms" } as const;

/** Starts a consumer whose handler fails once with each message. */
export async function failingOnce(
  server: Pick<Backend, "broker">,
  of: Stream<"orders.{id}">,
  options: ConsumerOptions = {},
  fault: () => Error = () => new Retry(),
) {
  const broker = server.broker();
  const errors = errorsOf(broker);
  const attempts: string[] = [];
  const work = consumer(of, "work", { retry: SOON, ...options });
  broker.subscriber(work, ({ subject, delivery }) => {
    attempts.push(`${subject} ${delivery.attempt}`);
    if (delivery.attempt === 1) throw fault();
  });
  await broker.start();
  const js = jetstream(broker);
  const shop = Workshop.of(broker);
  return { broker, js, errors, attempts, shop, of: { stream: of, name: "work" } };
}
