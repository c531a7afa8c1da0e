import { createInbox } from "@nats-io/transport-deno";
import type { NatsBroker } from "../../mod.ts";
import type { Ends } from "./ends.ts";
import type { Work } from "./work.ts";

/** What nobody keeps need not be made at all, and a compiler knows; a power of two. */
const KEPT = 64;

/** Names of inboxes; the bare client makes them synchronously. */
export function inboxNames({ broker }: Ends): readonly Work<readonly string[]>[] {
  const right = (names: readonly string[]) => names.every((name) => /^_INBOX\.\w{22}$/.test(name));
  const work = { unit: "names", rival: bare, right };
  return [
    { ...work, name: "inbox name, awaited", aim: 1, ours: awaited(broker) },
    { ...work, name: "inbox name, not awaited", aim: 1.3, ours: unawaited(broker) },
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
