import { type JetStream, jetstream, type Stream, workQueue } from "../../../src/jetstream/mod.ts";
import type { Backend } from "../backends.ts";

/** The declaration of a queue of jobs. */
export const SUBJECTS = { subjects: ["jobs.{kind}.{id}"], declare: "create" } as const;
/** A queue that stores one job for each subject until a handler takes that. */
export const whileQueued = workQueue("JOBS", { ...SUBJECTS, unique: "while-queued" });

/** Starts a publisher on a broker of its own. */
export async function publisher(server: Backend, queue: Stream<string>): Promise<JetStream> {
  const broker = server.broker();
  const js = jetstream(broker, { streams: [queue] });
  await broker.start();
  return js;
}
