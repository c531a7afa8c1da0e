import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";
import { createReports, reports, work } from "./nightly_report.ts";

const SEEN = [
  "sales: page 1 of 4",
  "sales: page 2 of 4",
  "sales: page 3 of 4",
  "sales: page 4 of 4",
  "sales: 1000, not read yet",
  "sales: page 1 of 4",
  "sales: rejected, Nobody needs it",
];

onEveryJetStream(
  "work() makes a report each night, shows its progress, cancels one and reminds of another",
  async (server) => {
    const lines: string[] = [];
    await work(server.url, (line) => lines.push(line));
    assertEquals(lines, SEEN);
  },
  { since: "2.14" },
);

Deno.test("nightly_report.ts also runs as a program", async () => {
  const flags = ["--allow-net", "--allow-env=NATS_URL"];
  const program = new URL("nightly_report.ts", import.meta.url);
  const { output, errors } = await runProgram(flags, program);
  assertEquals(output.trimEnd().split("\n"), SEEN, errors);
});

Deno.test("createReports() makes one report each night, at half past two in Zurich", async () => {
  const nights: string[] = [];
  const made = createReports("tls://nats.example.com", {
    sum: () => 1,
    remind: () => {},
    show: (_, { page }) => page === 1 && nights.push("made"),
  });
  await using test = await TestBroker.start(made.broker, { time: "moved" });
  await made.start();
  await made.start();
  const first = await made.js.scheduled(reports, "sales");
  const zurich = first!.next!.toLocaleTimeString("de-CH", { timeZone: "Europe/Zurich" });
  assertEquals(zurich, "02:30:00");
  const wait = first!.next!.getTime() - Date.now();
  await test.advance(Math.max(1, wait - 60_000));
  assertEquals(nights, []);
  await test.advance("2m");
  await until("it must be made once", () => nights.length === 1);
});

Deno.test("createReports() reminds of a report that nobody has read, and of no other", async () => {
  const reminded: string[] = [];
  const made = createReports("tls://nats.example.com", {
    sum: (page) => page,
    remind: (id, total) => void reminded.push(`${id} ${total}`),
    when: { in: "1m" },
    patience: "10m",
  });
  await using test = await TestBroker.start(made.broker, { time: "moved" });
  await made.start();
  await test.advance("2m");
  assertEquals(await made.read("sales"), { total: 10, isInTime: true });
  await test.advance("20m");
  assertEquals(reminded, []);
  await made.start();
  await test.advance("20m");
  assertEquals(reminded, ["sales 10"]);
  assertEquals(await made.read("sales"), { total: 10, isInTime: false });
});
