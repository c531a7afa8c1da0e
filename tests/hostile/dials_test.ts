import { ConnectionError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { agree, ScriptedServer } from "../support/scripted_server.ts";
import { type Manner, type Scheme, UnkindServer } from "../support/unkind_server.ts";

const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 30 } } as const;
/** A dial that waits for its time to be over takes longer than any test. */
const patient = { ...options, connectTimeout: 60_000 } as const;

const SCHEMES: readonly Scheme[] = ["nats", "ws"];
const STAGES: readonly Manner[] = [
  "hangs up at once",
  "hangs up behind its INFO",
  "hangs up at CONNECT",
  "hangs up behind its PONG",
];

/** How often a broker has been let in. */
function connects(seen: readonly { readonly type: string }[]): number {
  return seen.filter(({ type }) => type === "connected").length;
}

for (const scheme of SCHEMES) {
  for (const manner of STAGES) {
    Deno.test(`NatsBroker.connect() over ${scheme}:// does not wait for a server that ${manner}`, async () => {
      await using server = UnkindServer.start(scheme);
      server.manner = manner;
      await using broker = new NatsBroker(server.url, patient);
      const outcome = await broker.connect().then(() => undefined, (error) => error);
      // one that was let in for a moment is connected, and comes back
      const wasIn = outcome === undefined && manner === "hangs up behind its PONG";
      assert(wasIn || outcome instanceof ConnectionError, `${outcome}`);
    });

    Deno.test(`NatsBroker.connect() over ${scheme}:// with \`waitOnFirstConnect\` outlasts a server that ${manner}`, async () => {
      await using server = UnkindServer.start(scheme);
      server.manner = manner;
      await using broker = new NatsBroker(server.url, { ...patient, waitOnFirstConnect: true });
      const seen = recorded(broker);
      const connecting = broker.connect();
      await until("it must dial thrice", () => server.dials.length >= 3);
      const before = connects(seen);
      server.manner = "serves";
      await connecting;
      await until("it is let in", () => connects(seen) > before || before === 0);
      await broker.flush({ timeout: 10_000 });
    });

    Deno.test(`NatsBroker over ${scheme}:// comes back where a server ${manner} at a reconnect`, async () => {
      await using server = UnkindServer.start(scheme);
      await using broker = new NatsBroker(server.url, patient);
      const seen = recorded(broker);
      await broker.connect();
      await broker.publish("a", 1);
      server.manner = manner;
      const before = server.dials.length;
      server.cut();
      await until("it must dial thrice", () => server.dials.length >= before + 3);
      // one that has been told is not told again before it is back
      if (manner !== "hangs up behind its PONG") assert(errorsIn(seen).length <= 1);
      server.manner = "serves";
      const held = connects(seen);
      await until("it is back", () => connects(seen) > held);
      await broker.flush({ timeout: 10_000 }).catch((error) =>
        assertEquals(error.reason, "interrupted")
      );
      await broker.flush({ timeout: 10_000 });
      assertEquals(seen.some(({ type }) => type === "closed"), false);
    });
  }
}

/** A server that notes which user comes each time. */
function noting(users: string[]): ScriptedServer {
  return ScriptedServer.start({
    answer(line) {
      if (line.startsWith("CONNECT")) users.push(JSON.parse(line.slice("CONNECT".length)).pass);
      return agree(line);
    },
  });
}

Deno.test("NatsBroker goes by the credentials of before where those for a reconnect fail or hang, and tells of each", async () => {
  const passwords: string[] = [];
  await using server = noting(passwords);
  let auth: () => unknown = () => ({ user: "ada", password: "one" });
  await using broker = new NatsBroker(server.url, {
    ...options,
    // one that hangs is waited for, and no dial may take longer
    connectTimeout: 2_000,
    auth: () => auth() as { user: string; password: string },
  });
  const seen = recorded(broker);
  await broker.connect();
  const turns: readonly (readonly [auth: () => unknown, password: string, said: string])[] = [
    [() => Promise.reject(new Error("no vault")), "one", "no vault"],
    [() => new Promise(() => {}), "one", "get the credentials"],
    [() => ({ user: "ada", password: "two" }), "two", ""],
    [
      () => {
        throw undefined;
      },
      "two",
      "the credentials must be available",
    ],
    [() => ({ user: 7 }), "two", "user"],
    [() => ({ user: "ada", password: "three" }), "three", ""],
  ];
  for (const [at, [next, password, said]] of turns.entries()) {
    auth = next;
    const told = errorsIn(seen).length;
    server.cut();
    await until("it is back", () => connects(seen) === at + 2);
    assertEquals(passwords.at(-1), password);
    const errors = errorsIn(seen).slice(told).map((error) => (error as Error).message);
    assertEquals(errors.length, said === "" ? 0 : 1, errors.join());
    assertStringIncludes(errors.join(), said);
  }
});

Deno.test("NatsBroker.connect() rejects where the first credentials fail, hang or are none, and dials nobody", async () => {
  const passwords: string[] = [];
  await using server = noting(passwords);
  const sources = [
    () => Promise.reject(new Error("no vault")),
    () => new Promise(() => {}),
    () => undefined,
    () => ({}),
  ];
  for (const auth of sources) {
    const given = { ...options, connectTimeout: 200, auth: auth as () => { user: string } };
    await using broker = new NatsBroker(server.url, given);
    const error = await assertRejects(() => broker.connect(), ConnectionError);
    assert(["authorization", "timeout"].includes(error.reason), error.message);
  }
  assertEquals([passwords, server.dials], [[], 0]);
});

Deno.test("NatsBroker.stop() does not wait for credentials that hang", async () => {
  await using server = noting([]);
  await using broker = new NatsBroker(server.url, {
    ...patient,
    auth: () => new Promise<never>(() => {}),
  });
  const connecting = assertRejects(() => broker.connect(), ConnectionError);
  await broker.stop();
  await connecting;
});

for (const scheme of ["nats", "ws"]) {
  Deno.test(`NatsBroker.connect() over ${scheme}:// fails at once without the permission, though it would wait for a server`, async () => {
    const program = new URL("../support/waiting_program.ts", import.meta.url);
    const args = [`${scheme}://127.0.0.1:4222`];
    const { output } = await runProgram(["--allow-net=127.0.0.1:1"], program, args);
    assertStringIncludes(output, "refused Cannot connect to");
    assertStringIncludes(output.toLowerCase(), 'requires net access to "127.0.0.1:4222"');
  });
}
