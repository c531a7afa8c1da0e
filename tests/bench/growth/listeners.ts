import type { NatsConnection } from "@nats-io/transport-deno";
import type { NatsBroker } from "../../../mod.ts";
import { brokerOf, type Ends } from "../ends.ts";

/** How so many of something listen, each on a subject of its own; `take` is called for every message. */
export interface Listeners {
  /** Gives their subjects once the server knows of all. */
  ours(broker: NatsBroker, count: number, take: () => void): Promise<readonly string[]>;
  /** The same with the bare client. */
  rival(client: NatsConnection, count: number, take: () => void): Promise<readonly string[]>;
}

/** A broker that is started, and a bare client, until the stack is left. */
export async function openBoth(
  ends: Ends,
  opened: AsyncDisposableStack,
): Promise<{ readonly broker: NatsBroker; readonly client: NatsConnection }> {
  const broker = opened.use(brokerOf(ends.servers));
  const client = opened.use(await ends.connect());
  await broker.start();
  return { broker, client };
}
