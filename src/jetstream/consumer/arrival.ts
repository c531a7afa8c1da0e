import type { Arrival } from "../../door/mod.ts";
import { InBatch } from "./batches.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { paramsOf } from "./keys.ts";
import type { Held } from "./stored_delivery.ts";

/** Makes what the handler of a message gets. */
export function arrivalOf(held: Held, settings: ConsumerSettings): Arrival {
  const { raw: { subject, data, headerBlock }, told } = held;
  const besides = settings.batch ? new InBatch(held) : { delivery: told };
  // no reply address: the message's own one is for the acknowledgement, which a handler must not send
  const arrival = { subject, replyTo: "", data, headerBlock, besides, origin: held };
  if (settings.patterns.length === 1) return arrival;
  return { ...arrival, params: paramsOf(subject, settings) };
}
