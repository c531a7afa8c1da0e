import { type JetStream, jetstream, stream } from "@signalbox/nats/jetstream";
import type { Backend } from "../backends.ts";
import { until } from "../nats_server/until.ts";
import { apiOf, type StreamInfo } from "./internals.ts";

/** A stream that takes schedules, and batches of them. */
export const mails = stream("MAILS", {
  subjects: ["mails.{user}"],
  allowMsgSchedules: true,
  allowMsgTtl: true,
  allowAtomic: true,
  declare: "create",
});

/** Starts a broker whose stream takes schedules. */
export async function startMails(server: Backend) {
  const broker = server.broker();
  const js = jetstream(broker, { streams: [mails] });
  await broker.start();
  const info = () => apiOf(broker).call<StreamInfo>("STREAM.INFO.MAILS", { subjects_filter: ">" });
  /** The bodies of the messages of a subject, once there are so many. */
  const bodies = async (subject: string, count: number) =>
    await until(`${count} of ${subject} must be there`, async () => {
      const found: unknown[] = [];
      for await (const { body } of js.read(mails, { subject, until: "now" })) found.push(body);
      return found.length >= count && found;
    });
  return { broker, js, info, bodies };
}

/** The names of all schedules. */
export async function scheduleNames(js: JetStream): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of js.schedules(mails)) found.push(name);
  return found;
}
