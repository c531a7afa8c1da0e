import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { agree, INFO, infoWith, ScriptedServer } from "../support/scripted_server.ts";
import { UnkindServer } from "../support/unkind_server.ts";

const options = { logger: false, reconnect: { minDelay: 5, maxDelay: 10 } } as const;

function telling(addresses: unknown): string {
  return infoWith({ connect_urls: addresses });
}

const program = new URL("../support/gossip_watcher.ts", import.meta.url);

type Said = readonly [type: string, message?: string];

/** A broker in a process of its own, which may reach its server and nobody else. */
class Confined implements AsyncDisposable {
  readonly said: Said[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #read: Promise<void>;

  constructor(url: string) {
    const { host } = new URL(url.replace(/^(?:nats|ws):/, "http:"));
    const flags = ["--no-prompt", "--no-check", "--quiet", `--allow-net=${host}`];
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, program.href, url],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#read = this.#readOn();
  }

  count(type: string): number {
    return this.said.filter(([said]) => said === type).length;
  }

  get errors(): string[] {
    return this.said.flatMap(([type, message]) => type === "error" ? [message!] : []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.close();
    await this.#read;
    assertEquals((await this.#process.status).code, 0);
  }

  async #readOn(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.said.push(JSON.parse(line));
    }
  }
}

for (const scheme of ["nats", "ws"] as const) {
  Deno.test(`NatsBroker over ${scheme}:// tells once of each address that it may not dial, and comes back to its own server`, async () => {
    const others = ["127.0.0.1:1", "127.0.0.2:4222", "nats.invalid:4222"];
    await using server = UnkindServer.start(scheme);
    server.info = telling(others);
    await using confined = new Confined(server.url);
    await until("it is connected", () => confined.count("connected") === 1);
    server.manner = "hangs up behind its INFO";
    server.cut();
    await until("it dials its own server often", () => server.dials.length >= 6);
    // each of them, and that the server hangs up
    await until("it has told of each", () => confined.errors.length >= 4);
    assertEquals(confined.errors.length, 4, confined.errors.join("\n"));
    for (const other of others) {
      const about = confined.errors.filter((message) => message.includes(`access to "${other}"`));
      assertEquals(about.length, 1, confined.errors.join("\n"));
    }
    server.info = INFO;
    server.manner = "serves";
    await until("it is back", () => confined.count("connected") === 2);
  });
}

Deno.test("NatsBroker tells of no address twice where two hundred and fifty-six of them may not be dialled", async () => {
  const others = Array.from({ length: 256 }, (_, n) => `10.1.${n}.1:4222`);
  await using server = ScriptedServer.start({ greeting: telling(others), answer: agree });
  await using confined = new Confined(server.url);
  await until("it is connected", () => confined.count("connected") === 1);
  server.script = { greeting: telling(others), answer: agree, hangsUp: true };
  server.cut();
  await until("it has gone round twice", () => server.dials >= 4, { timeout: 90_000 });
  assertEquals(new Set(confined.errors).size, confined.errors.length);
  for (const message of confined.errors) assert(message.length < 500, message);
  server.script = { answer: agree };
  await until("it is back", () => confined.count("connected") === 2, { timeout: 90_000 });
});

/** No addresses at all, or none that anybody can be reached at. */
const ODD: readonly unknown[] = [
  [],
  {},
  "127.0.0.1:4222",
  17,
  null,
  true,
  [null, 7, {}, [], "", " ", ":", ":4222", "a", "a:b", "a:-1"],
  ["[::1", "::1", "[::1]", "[]:1"],
  ["nats://ada:secret@127.0.0.1:1", "ada@127.0.0.1:1", "127.0.0.1:1/x", "127.0.0.1:1?x"],
  ["a b:1", "a\r\nPUB x 0:1", "\u001b[31m:1", "\u202e:1"],
  ["x".repeat(300) + ":1"],
];

for (const addresses of ODD) {
  const shown = JSON.stringify(addresses).slice(0, 60);
  Deno.test(`NatsBroker.connect() is let in by a server that tells of ${shown}`, async () => {
    await using server = ScriptedServer.start({ greeting: telling(addresses), answer: agree });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    await broker.flush({ timeout: 5_000 });
  });

  Deno.test(`NatsBroker comes back to its own server alone, told of ${shown}`, async () => {
    await using server = ScriptedServer.start({ answer: agree });
    await using broker = new NatsBroker(server.url, options);
    const seen = recorded(broker);
    await broker.connect();
    await server.say(telling(addresses));
    await broker.flush({ timeout: 5_000 });
    const before = server.dials;
    const attempts = () => seen.filter(({ type }) => type === "reconnecting").length;
    const tried = attempts();
    server.cut();
    await until("it dials", () => server.dials > before);
    await broker.flush({ timeout: 5_000 });
    assertEquals(attempts() - tried, server.dials - before);
    for (const error of errorsIn(seen)) assertFalse(error.message.includes("secret"));
  });
}

Deno.test("NatsBroker comes back to a server that it was told of, and forgets one that has gone", async () => {
  await using other = ScriptedServer.start({ answer: agree });
  await using server = ScriptedServer.start({ answer: agree });
  const address = other.url.slice("nats://".length);
  server.script = { greeting: telling([address, `127.0.0.1:${freePort()}`]), answer: agree };
  await using broker = new NatsBroker(server.url, options);
  const seen = recorded(broker);
  await broker.connect();
  const connects = () => seen.filter(({ type }) => type === "connected").length;
  server.cut();
  await until("it is let in by the other", () => other.dials === 1);
  await broker.flush({ timeout: 5_000 });
  // that one tells of nobody: its own servers are what is left
  const before = connects();
  other.cut();
  await until("it is back", () => connects() > before);
  await broker.flush({ timeout: 5_000 });
  assertEquals([other.dials, server.dials], [1, 2]);
});

Deno.test("NatsBroker comes back to a server that it was told of while it was connected", async () => {
  await using other = ScriptedServer.start({ answer: agree });
  const server = ScriptedServer.start({ answer: agree });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  await server.say(telling([other.url.slice("nats://".length)]));
  await broker.flush();
  await server[Symbol.asyncDispose]();
  await until("it is let in by the other", () => other.dials === 1);
  await broker.flush({ timeout: 5_000 });
});
