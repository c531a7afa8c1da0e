import type { NatsConnection } from "@nats-io/transport-deno";
import type { NatsBroker } from "../../../mod.ts";
import { inLanes } from "../lanes.ts";
import type { Growth } from "./growth.ts";
import { type Listeners, openBoth } from "./listeners.ts";

/** How one more comes and goes; tells whether all was as it should be. */
export interface Addition {
  ours(broker: NatsBroker): Promise<boolean>;
  rival(client: NatsConnection): Promise<boolean>;
}

/** One more comes and goes, beside so many that listen. */
export function adding(listeners: Listeners, one: Addition): Growth["prepare"] {
  return async (ends, count, opened) => {
    const { broker, client } = await openBoth(ends, opened);
    await listeners.ours(broker, count, () => {});
    await listeners.rival(client, count, () => {});
    const all = async (operations: number, add: () => Promise<boolean>) =>
      (await inLanes(operations, add)).every(Boolean);
    return {
      ours: (operations) => all(operations, () => one.ours(broker)),
      rival: (operations) => all(operations, () => one.rival(client)),
    };
  };
}
