import type { Clock } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import type { EventFeed } from "../events.ts";
import type { Sender } from "../sending/sender.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import type { Links } from "./links.ts";
import type { Allowance } from "./rights.ts";

/** What links go over. */
export interface LinkWays {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly feed: EventFeed;
  readonly sender: Sender;
  readonly links: Links;
  readonly allowance: Allowance | undefined;
  readonly newInbox: () => string;
  readonly addresses: ReplyAddresses;
}
