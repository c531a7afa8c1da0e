import { jetstream } from "@signalbox/nats/jetstream";
import type { Backend } from "../backends.ts";
import { started } from "./started.ts";

/** Starts a broker with a stream, `R`, that takes fast batches. */
export async function readings(server: Backend, config: Record<string, unknown> = {}) {
  const { broker, create, access } = await started(server);
  await create({ name: "R", subjects: ["r.>"], allow_batched: true, ...config });
  const js = jetstream(broker);
  /** The bodies of all messages of the stream. */
  const bodies = async () => {
    const read: unknown[] = [];
    for await (const { body } of js.read("R", { until: "now" })) read.push(body);
    return read;
  };
  return { broker, js, bodies, access };
}

/** So many numbers, one after the other. */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}
