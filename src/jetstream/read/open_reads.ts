import type { BrokerAccess } from "../../door/mod.ts";

/** A read that the stop of its broker ends. */
interface OpenRead {
  stop(): Promise<void>;
}

const reads = new WeakMap<BrokerAccess, Set<OpenRead>>();

/** The open reads of a broker: each adds itself, and leaves at its end. */
export function openReads(access: BrokerAccess): Set<OpenRead> {
  let open = reads.get(access);
  if (!open) reads.set(access, open = new Set());
  return open;
}

/** Ends all reads of a broker, while it is connected, so that no consumer is left on the server: for doors that stop. */
export async function stopReads(access: BrokerAccess): Promise<void> {
  await Promise.all([...openReads(access)].map((read) => read.stop()));
}
