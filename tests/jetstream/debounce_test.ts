import { assertEquals } from "@std/assert";
import { consumer, jetstream, workQueue } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";

onEveryJetStream(
  "JetStream.schedule() with replace runs the last of several quick calls once no more come for a while",
  async (server) => {
    const searches = workQueue("SEARCHES", {
      subjects: ["searches.{user}"],
      unique: "replace",
      allowMsgSchedules: true,
      declare: "create",
    });
    const broker = server.broker();
    const js = jetstream(broker, { streams: [searches] });
    const seen: string[] = [];
    broker.subscriber(consumer(searches, "search"), ({ params, body }) => {
      seen.push(`${params.user} ${body}`);
    });
    await broker.start();
    const type = async (user: string, text: string) => {
      const name = `search-${user}`;
      await js.schedule(`searches.${user}`, { in: "4s" }, text, { name, replace: true });
    };
    for (const text of ["s", "si", "sig", "sign", "signal"]) {
      await Promise.all([type("ada", text), type("bob", text)]);
    }
    await until("each must have searched", () => seen.length === 2, { timeout: 20_000 });
    assertEquals(seen.sort(), ["ada signal", "bob signal"]);
    // the next job runs, too
    await type("ada", "box");
    await until("it must search once more", () => seen.length === 3, { timeout: 20_000 });
    assertEquals(seen.at(-1), "ada box");
  },
  { since: "2.14" },
);

onEveryJetStream(
  "JetStream.publish() with an id stores one message in each duplicateWindow, even after that is done",
  async (server) => {
    const alarms = workQueue("ALARMS", {
      subjects: ["alarms.{host}"],
      duplicateWindow: "3s",
      declare: "create",
    });
    const broker = server.broker();
    const js = jetstream(broker, { streams: [alarms] });
    const seen: string[] = [];
    broker.subscriber(consumer(alarms, "alarm"), ({ params }) => void seen.push(params.host));
    await broker.start();
    const alarm = (host: string) => js.publish(`alarms.${host}`, 1, { id: host, timeout: "3s" });
    const results = [];
    for (let at = 0; at < 5; at++) results.push((await alarm("a")).duplicate);
    assertEquals(results, [false, true, true, true, true]);
    assertEquals((await alarm("b")).duplicate, false);
    await until("both must be handled", () => seen.length === 2);
    await until("its window must be over", async () => {
      await delay(300);
      return !(await alarm("a")).duplicate;
    });
    await until("it must be handled again", () => seen.length === 3);
    assertEquals(seen.sort(), ["a", "a", "b"]);
  },
);
