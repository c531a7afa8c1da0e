import { createInbox } from "@nats-io/transport-deno";
import type { NatsBroker } from "../../mod.ts";
import type { Ends } from "./ends.ts";
import type { Work } from "./work.ts";

/** What nobody keeps need not be made at all, and a compiler knows; a power of two. */
const KEPT = 64;

/** Names of inboxes; the bare client makes them synchronously. */
export function inboxNames({ broker }: Ends): readonly Work[] {
  const right = (names: readonly string[]) => names.every((name) => /^_INBOX\.\w{22}$/.test(name));
  const unit = "names";
  return [
    { name: "inbox name, awaited", unit, aim: 1, ours: awaited(broker), rival: bare, right },
    {
      name: "inbox name, not awaited",
      unit,
      aim: 1.3,
      ours: unawaited(broker),
      rival: bare,
      right,
    },
  ];
}

function awaited(broker: NatsBroker): (operations: number) => Promise<readonly string[]> {
  return async (operations) => {
    const names: string[] = [];
    for (let n = 0; n < operations; n++) names[n % KEPT] = await broker.newInbox();
    return names;
  };
}

function unawaited(broker: NatsBroker): (operations: number) => Promise<readonly string[]> {
  return (operations) => {
    const names: Promise<string>[] = [];
    for (let n = 0; n < operations; n++) names[n % KEPT] = broker.newInbox();
    return Promise.all(names);
  };
}

function bare(operations: number): readonly string[] {
  const names: string[] = [];
  for (let n = 0; n < operations; n++) names[n % KEPT] = createInbox();
  return names;
}
