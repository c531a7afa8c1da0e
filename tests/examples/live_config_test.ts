import { NatsBroker } from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";
import { follow, run, type Settings, settingsOf } from "./live_config.ts";

const SEEN = [
  "begins with Hello, up to 2",
  "now Welcome, up to 2",
  "now Good evening, up to 5",
  "now Good evening, up to 9",
  "shop.limit was 5, many, 9",
];

onEveryJetStream("The settings follow their bucket, those of a batch at once", async (server) => {
  const lines: string[] = [];
  await run(server.url, (line) => lines.push(line));
  assertEquals(lines, SEEN);
});

Deno.test("The program with live settings runs by itself", async () => {
  const flags = ["--allow-net", "--allow-env=NATS_URL"];
  const { output, errors } = await runProgram(
    flags,
    new URL("live_config.ts", import.meta.url),
  );
  assertEquals(output.trimEnd().split("\n"), SEEN, errors);
});

Deno.test("The settings catch up after an outage, and fall back where one is deleted", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:4222", { reconnect: { minDelay: 10 } });
  await using test = await TestBroker.start(broker);
  const bucket = settingsOf(broker);
  const seen: Settings[] = [];
  await using live = await follow(bucket, "shop", (settings) => void seen.push(settings));
  await bucket.put("shop.limit", 3);
  await until("it is taken over", () => live.current.limit === 3);
  test.server.disconnect();
  await bucket.put("shop.limit", 4);
  await until("it catches up", () => live.current.limit === 4);
  await bucket.delete("shop.limit");
  await until("it falls back", () => live.current.limit === 2);
  assertEquals(seen.map(({ limit }) => limit), [3, 4, 2]);
});
