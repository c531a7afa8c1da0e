import { assert, assertEquals, assertRejects } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import { usedMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";
import { delay } from "./embedded/delay.ts";
import { brokenCommands } from "./embedded/junk.ts";
import { RawClient } from "./embedded/raw_client.ts";
import { seeded } from "./seeded_random.ts";

const MIB = 2 ** 20;

/** Somebody else's messages arrive as if nobody were hostile. */
async function assertServes(port: number): Promise<void> {
  await using client = await RawClient.greet(port);
  const heard = await client.ask("SUB well 1\r\nPUB well 1\r\nx\r\nUNSUB 1\r\n");
  assertEquals(heard, "MSG well 1 1\r\nx\r\n");
}

/** Everything that was kept for those who have gone is gone too. */
async function assertEmpty(server: EmbeddedServer): Promise<void> {
  await until("all must be forgotten", () => server.stats().connections === 0);
  assertEquals(server.stats().subscriptions, 0);
}

/** Connects so many times, says something, and stays. */
async function crowd(port: number, size: number, words: string): Promise<AsyncDisposableStack> {
  const stack = new AsyncDisposableStack();
  for (let at = 0; at < size; at++) {
    const client = stack.use(await RawClient.connect(port));
    await client.say(words);
  }
  return stack;
}

const HELLO = 'CONNECT {"verbose":false,"pedantic":false,"echo":false,"headers":true}\r\n';

const HALVES: Readonly<Record<string, string>> = {
  "nothing at all": "",
  "half a CONNECT": 'CONNECT {"verb',
  "half a PUB": `${HELLO}PUB some.subject 1`,
  "no more than a line of a payload": `${HELLO}PUB a 1000000\r\nx`,
  "half a header block": `${HELLO}HPUB a 900000 1000000\r\nNATS/1.0\r\nk: `,
  "half a line end": `${HELLO}PUB a 1\r\nx\r`,
};

for (const [what, words] of Object.entries(HALVES)) {
  Deno.test(`EmbeddedServer keeps little for 200 clients that say ${what}`, async () => {
    await using server = await EmbeddedServer.start();
    await assertServes(server.port);
    const before = usedMemory() + Deno.memoryUsage().external;
    {
      await using _crowd = await crowd(server.port, 200, words);
      await until("all must be there", () => server.stats().connections === 200);
      await assertServes(server.port);
      const grown = usedMemory() + Deno.memoryUsage().external - before;
      // the clients, which are in this process too, take 64 KiB each
      assert(grown < 200 * (64 + 64) * 1024, `${grown} bytes are kept`);
    }
    await assertEmpty(server);
  });
}

const LIES: Readonly<Record<string, readonly [words: string, told: string]>> = {
  "a line that never ends": [`SUB ${"x".repeat(1_000_000)}`, "maximum control line exceeded"],
  "a first word that never ends": ["X".repeat(1_000_000), "Unknown Protocol Operation"],
  "PING and blanks for ever": [`PING${" ".repeat(1_000_000)}`, "maximum control line exceeded"],
  "a payload longer than it said": ["PUB a 1\r\nxxxxxxxx\r\n", "Unknown Protocol Operation"],
  "a payload shorter than it said": ["PUB a 5\r\nx\r\nPING\r\n", "Unknown Protocol Operation"],
  "a payload larger than any": ["PUB a 999999999\r\n", "Maximum Payload Violation"],
  "a size of forty digits": [`PUB a ${"9".repeat(40)}\r\n`, ""],
  "headers larger than the message": ["HPUB a 9 1\r\nNATS/1.0\r\n", ""],
  "CONNECT with deep JSON": [`CONNECT ${'{"a":'.repeat(800)}\r\n`, ""],
  "CONNECT with a list": ["CONNECT [1,2,3]\r\n", ""],
  "CONNECT with numbers for names": ['CONNECT {"user":7,"pass":{}}\r\n', ""],
  "CONNECT with half a character": ['CONNECT {"user":"\xc3"}\r\nX', "Unknown Protocol Operation"],
};

for (const [what, [words, told]] of Object.entries(LIES)) {
  Deno.test(`EmbeddedServer closes on ${what}, and serves the others`, async () => {
    await using server = await EmbeddedServer.start();
    await using client = await RawClient.greet(server.port);
    // whoever is closed on cannot say the rest
    await client.say(words).catch(() => {});
    const heard = (await client.untilClosed()).replace(/^INFO.*\r\n/gm, "");
    assert(heard.includes(told), heard);
    await assertServes(server.port);
    await assertEmpty(server);
  });
}

Deno.test("EmbeddedServer survives broken commands, and keeps nothing of them", async () => {
  await using server = await EmbeddedServer.start();
  const random = seeded(24);
  const play = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      await using client = await RawClient.connect(server.port);
      await client.say(brokenCommands(random)).catch(() => {});
      await client.say(brokenCommands(random)).catch(() => {});
      if (round % 25 === 0) await assertServes(server.port);
    }
    await assertEmpty(server);
  };
  await play(100);
  const before = usedMemory();
  await play(300);
  assertEquals((Object.prototype as { verbose?: unknown }).verbose, undefined);
  const grown = usedMemory() - before;
  assert(grown < MIB, `${grown} bytes are kept`);
});

Deno.test("EmbeddedServer serves others while one client subscribes 100 000 times", async () => {
  await using server = await EmbeddedServer.start();
  {
    await using greedy = await RawClient.greet(server.port);
    const lines = Array.from({ length: 100_000 }, (_, at) => `SUB *.deep.>${at} ${at}\r\n`);
    const done = greedy.ask(lines.join(""));
    await assertServes(server.port);
    assertEquals(await done, "");
    assertEquals(server.stats().subscriptions, 100_000);
  }
  await assertEmpty(server);
});

Deno.test("EmbeddedServer gives others their turn while one chunk asks for seconds of work", async () => {
  await using server = await EmbeddedServer.start();
  await using other = await RawClient.greet(server.port);
  await using greedy = await RawClient.greet(server.port, { echo: false });
  await greedy.ask(Array.from({ length: 20_000 }, (_, at) => `SUB > ${at}\r\n`).join(""));
  let isDone = false;
  const before = usedMemory();
  const asked = greedy.ask(Array.from({ length: 4_000 }, (_, at) => `PUB ${at} 0\r\n\r\n`).join(""))
    .then(() => isDone = true);
  for (let turns = 0; turns < 5; turns++) {
    assertEquals([await other.ask(""), isDone], ["", false]);
  }
  await asked;
  // what matched thousands of subjects must not be remembered for each of them
  const grown = usedMemory() - before;
  assert(grown < 16 * MIB, `${grown} bytes are kept`);
});

Deno.test("EmbeddedServer matches deep subjects without a hang", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  const deep = "a.".repeat(1_900);
  const patterns = Array.from({ length: 12 }, (_, bits) => {
    const tokens = Array.from({ length: 1_500 }, (_, at) => (bits >> (at % 4)) & 1 ? "*" : "a");
    return `SUB ${tokens.join(".")}.> ${bits}\r\n`;
  });
  await client.ask(patterns.join(""));
  const began = performance.now();
  const heard = await client.ask(`PUB ${deep}a 1\r\nx\r\n`);
  assertEquals(heard.split("MSG ").length - 1, 12);
  // one that tries each way through such a subject would never end
  assert(performance.now() - began < 10_000);
});

Deno.test("EmbeddedServer turns away who is one too many, and stays open for the others", async () => {
  await using server = await EmbeddedServer.start({ maxConnections: 20 });
  await using first = await RawClient.greet(server.port);
  {
    await using _crowd = await crowd(server.port, 100, HELLO);
    assertEquals(await first.ask(""), "");
    await until("those are told to go", () => server.stats().connections <= 20);
  }
  await until("they must be gone", () => server.stats().connections === 1);
  await assertServes(server.port);
});

Deno.test("EmbeddedServer.stop() waits for nobody who is half-way", async () => {
  const server = await EmbeddedServer.start({ webSocket: true });
  await using _halves = await crowd(server.port, 10, HALVES["half a PUB"]!);
  const { port } = new URL(server.webSocketUrl!);
  await using _heads = await crowd(Number(port), 10, "GET / HTTP/1.1\r\nHost: a\r\nUpgr");
  await delay(20);
  const began = performance.now();
  await server.stop();
  // far more than a busy machine takes for it, and less than anybody is waited for
  assert(performance.now() - began < 5_000);
});

Deno.test("EmbeddedServer listens on loopback alone unless told otherwise", async () => {
  const outside = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address;
  // another address of loopback stands for it on a machine without a network
  const hostname = outside ?? "127.0.0.2";
  await using server = await EmbeddedServer.start({ webSocket: true });
  for (const port of [server.port, Number(new URL(server.webSocketUrl!).port)]) {
    await assertRejects(() => Deno.connect({ hostname, port }));
  }
  await using open = await EmbeddedServer.start({ hostname: "0.0.0.0" });
  (await Deno.connect({ hostname, port: open.port })).close();
});
