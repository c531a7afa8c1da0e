import { consumer, workQueue } from "../../../src/jetstream/mod.ts";
import { Workshop } from "./workshop.ts";

/** A queue of urgent and normal jobs. */
export const jobs = workQueue("JOBS", { subjects: ["jobs.{class}.{id}"], declare: "create" });
export const urgent = consumer(jobs, "urgent", { subject: "jobs.urgent.{id}" });
export const normal = consumer(jobs, "normal", { subject: "jobs.normal.{id}" });

/** Subjects of so many jobs. */
export function many(of: "urgent" | "normal", count: number): string[] {
  return Array.from({ length: count }, (_, at) => `jobs.${of}.${at}`);
}

/** Makes the stream of jobs. */
export async function shopOf(server: Parameters<typeof Workshop.at>[0]): Promise<Workshop> {
  const shop = await Workshop.at(server);
  await shop.api.call("STREAM.CREATE.JOBS", {
    name: "JOBS",
    subjects: ["jobs.*.*"],
    retention: "workqueue",
  });
  return shop;
}
