import { NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";

/** What the program says of itself. */
interface Report {
  readonly asked: number;
  readonly answered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly received: number;
  readonly events: Readonly<Record<string, number>>;
}

const PROGRAM = new URL("../support/suspended_program.ts", import.meta.url);

Deno.test("NatsBroker comes back with all that was open in a process that stood still longer than the server's pings allow", async () => {
  await using server = await NatsServer.start({ config: 'ping_interval: "1s"\nping_max: 2' });
  await using broker = new NatsBroker(server.url, { logger: false });
  broker.subscriber("echo", ({ body }) => body);
  broker.session("desk", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  await broker.start();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", PROGRAM.href, server.url],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const report = async () =>
    (await broker.request<Report>("program.report", null, { timeout: 2_000 })).body;
  const heard = () => report().catch(() => undefined);
  try {
    await until("the program must be at work", async () => ((await heard())?.received ?? 0) > 20, {
      timeout: 60_000,
    });
    child.kill("SIGSTOP");
    const isGone = () => report().then(() => false, ({ name }) => name === "NoRespondersError");
    await until("the server must let it go", isGone, { timeout: 60_000 });
    child.kill("SIGCONT");
    const before = await until("the program must be back", heard, { timeout: 60_000 });
    await until(
      "it must go on",
      async () => ((await heard())?.answered ?? 0) > before.answered + 20,
      {
        timeout: 60_000,
      },
    );
    await broker.request("program.over", null);
    const isSettled = (now: Report | undefined) => {
      const failed = Object.values(now?.failures ?? {}).reduce((sum, count) => sum + count, 0);
      return now?.received === now?.sent && now?.asked === now!.answered + failed ? now : undefined;
    };
    const last = await until("all must be told", async () => {
      const now = await heard();
      return now && isSettled(now);
    }, { timeout: 60_000 });
    assertEquals(last.failures.order, undefined);
    assertEquals(last.events.closed, undefined);
    assertEquals((last.events.disconnected ?? 0) >= 1, true);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});
