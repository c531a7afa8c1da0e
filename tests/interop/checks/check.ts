import type { NatsBroker } from "@signalbox/nats";
import type { Peer } from "../peer.ts";

/** Both sides, started and on the same server. */
export interface Scene {
  readonly broker: NatsBroker;
  readonly peer: Peer;
  readonly url: string;
}

/** Something that has to hold between them; it throws where it does not. */
export interface Check {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<void>;
}

/** A wait for what ought to be there. */
export const SOON = { timeout: 3_000 };
