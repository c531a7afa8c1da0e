import type { BrokerEvent, NatsBroker } from "@signalbox/nats";
import { meanwhile } from "./within.ts";

/** Keeps every event of a broker, from now on. */
export function recorded(broker: NatsBroker): BrokerEvent[] {
  const seen: BrokerEvent[] = [];
  const events = broker.events();
  void meanwhile(async () => {
    for await (const event of events) seen.push(event);
  });
  return seen;
}

/** The errors among events. */
export function errorsIn(seen: readonly BrokerEvent[]): Error[] {
  return seen.flatMap((event) => event.type === "error" ? [event.error] : []);
}
