import { NatsBroker, RemoteError } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { runProgram } from "../support/program.ts";
import { within } from "../support/within.ts";
import { converse, join, type Line, type Seat, serveChat, wordsOf } from "./chat.ts";

const chat = new URL("chat.ts", import.meta.url);
const member = new URL("chat_member.ts", import.meta.url);

const SEEN = `\
  Ada    * Grace joins
  Ada    * Linus joins
  Grace  * Linus joins
Ada says Who has my spoon?
  Grace  Ada: Who has my spoon?
  Linus  Ada: Who has my spoon?
Grace says /to Ada Linus has it.
  Ada    Grace, to you alone: Linus has it.
Linus says Not me!
  Ada    Linus: Not me!
  Grace  Linus: Not me!
  Ada    * Linus leaves
  Grace  * Linus leaves
`;

/** A served chat, and a broker for its members; both stop with it. */
class Chat implements AsyncDisposable {
  readonly server: EmbeddedServer;
  readonly desk: NatsBroker;
  readonly members: NatsBroker;

  private constructor(server: EmbeddedServer) {
    this.server = server;
    this.desk = new NatsBroker(server.url, { logger: false });
    this.members = new NatsBroker(server.url, { logger: false });
  }

  static async start(): Promise<Chat> {
    const chat = new Chat(await EmbeddedServer.start());
    serveChat(chat.desk, { keepAlive: 100, resumeTimeout: 2_000 });
    await Promise.all([chat.desk.start(), chat.members.start()]);
    return chat;
  }

  join(name: string, room = "kitchen"): Promise<Seat> {
    return join(this.members, room, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.members.stop({ timeout: 1_000 });
    await this.desk.stop({ timeout: 1_000 });
    await this.server.stop();
  }
}

async function nextOf(seat: Seat): Promise<Line | undefined> {
  return (await seat.next({ timeout: 10_000 }))?.body;
}

Deno.test("The chat's conversation is seen by those it is for", async () => {
  await using server = await EmbeddedServer.start();
  const lines: string[] = [];
  await converse(server.url, (line) => lines.push(`${line}\n`));
  assertEquals(lines.join(""), SEEN);
});

Deno.test("The chat runs as a program, on the server of NATS_URL", async () => {
  await using server = await EmbeddedServer.start();
  const flags = [`--allow-net=127.0.0.1:${server.port}`, "--allow-env=NATS_URL"];
  const env = { NATS_URL: server.url };
  const { success, output, errors } = await runProgram(flags, chat, [], env);
  assert(success, errors);
  assertEquals(output, SEEN);
});

Deno.test("The chat shows side-talk to its addressee alone", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  await using grace = await chat.join("Grace");
  await using linus = await chat.join("Linus");
  await grace.send({ to: "Ada", text: "between us" });
  await grace.send({ text: "to all" });
  assertEquals(
    [await nextOf(ada), await nextOf(ada), await nextOf(ada), await nextOf(ada)],
    [
      { text: "Grace joins" },
      { text: "Linus joins" },
      { from: "Grace", text: "between us", to: "Ada" },
      { from: "Grace", text: "to all" },
    ],
  );
  assertEquals(await nextOf(linus), { from: "Grace", text: "to all" });
});

Deno.test("The chat tells who talks to somebody that is not there", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  await using _elsewhere = await chat.join("Grace", "garden");
  await ada.send(wordsOf("/to Grace Are you there?"));
  assertEquals(await nextOf(ada), { text: "Grace is not in the kitchen" });
});

Deno.test("The chat keeps rooms apart", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada", "kitchen");
  await using namesake = await chat.join("Ada", "garden");
  await using grace = await chat.join("Grace", "garden");
  await ada.send({ text: "in the kitchen" });
  await grace.send({ text: "in the garden" });
  assertEquals(await nextOf(namesake), { text: "Grace joins" });
  assertEquals(await nextOf(namesake), { from: "Grace", text: "in the garden" });
});

const ways: Readonly<Record<string, (seat: Seat) => unknown>> = {
  "says all": (seat) => seat.end(),
  "closes": (seat) => seat.close(),
  "aborts": (seat) => seat.abort("No more of this"),
  "leaves the loop": async (seat) => {
    for await (const _line of seat) break;
  },
};

for (const [way, leave] of Object.entries(ways)) {
  Deno.test(`The chat announces a member that ${way}, and forgets it`, async () => {
    await using chat = await Chat.start();
    await using ada = await chat.join("Ada");
    await using grace = await chat.join("Grace");
    assertEquals(await nextOf(ada), { text: "Grace joins" });
    await ada.send({ text: "Hello" });
    await leave(grace);
    assertEquals(await nextOf(ada), { text: "Grace leaves" });

    await using again = await chat.join("Grace");
    await ada.send({ text: "Hello again" });
    assertEquals(await nextOf(again), { from: "Ada", text: "Hello again" });
  });
}

Deno.test("The chat announces a member that is killed, and forgets it", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  await using grace = await Visitor.start(chat.server, "Grace");
  assertEquals(await nextOf(ada), { text: "Grace joins" });
  await grace.type("Hello, Ada\n/to Ada and only Ada\n");
  assertEquals(await nextOf(ada), { from: "Grace", text: "Hello, Ada" });
  assertEquals(await nextOf(ada), { from: "Grace", text: "and only Ada", to: "Ada" });
  await ada.send({ text: "Hello, Grace" });
  await grace.shows("Ada: Hello, Grace\n");

  grace.kill();
  assertEquals(await nextOf(ada), { text: "Grace leaves" });
  await using again = await chat.join("Grace");
  await again.send({ text: "Back again" });
  assertEquals(await nextOf(ada), { text: "Grace joins" });
  assertEquals(await nextOf(ada), { from: "Grace", text: "Back again" });
});

Deno.test("The chat lets in nobody under a name that is taken", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  const error = await assertRejects(() => chat.join("Ada"), RemoteError);
  assertEquals([error.code, error.description], [409, "Ada is in the kitchen already"]);
  await using grace = await chat.join("Grace");
  await grace.send({ text: "Hello" });
  assertEquals(await nextOf(ada), { text: "Grace joins" });
  assertEquals(await nextOf(ada), { from: "Grace", text: "Hello" });
});

Deno.test("The chat lets in nobody without a name", async () => {
  await using chat = await Chat.start();
  const error = await assertRejects(() => chat.members.openSession("chat.kitchen", 7), RemoteError);
  assertEquals(error.code, 400);
});

Deno.test("The chat is not held up by a member that does not read", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  await using grace = await chat.join("Grace");
  const idle = await chat.join("Linus");
  const all = Array.from({ length: 3_000 }, (_, n) => `line ${n}`);
  const said = (async () => {
    for (const text of all) await ada.send({ text });
  })();
  assertEquals(await nextOf(grace), { text: "Linus joins" });
  const seen = [];
  while (seen.length < all.length) seen.push((await nextOf(grace))?.text);
  assertEquals(seen, all);
  await said;
  idle.abort();
});

Deno.test("The chat ends for all its members when its broker stops", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  await using grace = await chat.join("Grace");
  const began = performance.now();
  await chat.desk.stop({ timeout: 10_000 });
  assert(performance.now() - began < 9_000, "it must not wait for members to leave");
  const ends = [ada.closed, grace.closed].map((closed) => within("its end must be told", closed));
  assertEquals(await Promise.all(ends), ["complete", "complete"]);
});

Deno.test("The chat ends the program of a member when its broker stops", async () => {
  await using chat = await Chat.start();
  await using grace = await Visitor.start(chat.server, "Grace");
  await chat.desk.stop({ timeout: 10_000 });
  assertEquals((await within("the program must end", grace.status)).code, 0);
});

Deno.test("The chat's member leaves at the end of what is typed", async () => {
  await using chat = await Chat.start();
  await using ada = await chat.join("Ada");
  await using grace = await Visitor.start(chat.server, "Grace");
  await grace.type("Goodbye\n");
  await grace.hangUp();
  assertEquals((await within("the program must end", grace.status)).code, 0);
  const seen = [await nextOf(ada), await nextOf(ada), await nextOf(ada)];
  assertEquals(seen.map((line) => line?.text), ["Grace joins", "Goodbye", "Grace leaves"]);
});

/** A member in a process of its own. */
class Visitor implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #typed: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #shown: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(server: EmbeddedServer, name: string) {
    const flags = ["--no-prompt", "--no-check", "--quiet", `--allow-net=127.0.0.1:${server.port}`];
    const args = ["run", ...flags, member.href, server.url, "kitchen", name];
    const pipes = { stdin: "piped", stdout: "piped" } as const;
    this.#process = new Deno.Command(Deno.execPath(), { args, ...pipes }).spawn();
    this.#typed = this.#process.stdin.getWriter();
    this.#shown = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async start(server: EmbeddedServer, name: string): Promise<Visitor> {
    const visitor = new Visitor(server, name);
    await visitor.shows("You are in the kitchen\n");
    return visitor;
  }

  async type(text: string): Promise<void> {
    await this.#typed.write(new TextEncoder().encode(text));
  }

  /** Resolves once it has shown the text. */
  async shows(text: string): Promise<void> {
    while (!this.#text.includes(text)) {
      const { done, value } = await within("the member must show it", this.#shown.read(), 20_000);
      if (done) throw new Error(`Cannot go on as the member must show ${text}: ${this.#text}`);
      this.#text += value;
    }
  }

  get status(): Promise<Deno.CommandStatus> {
    return this.#process.status;
  }

  hangUp(): Promise<void> {
    return this.#typed.close();
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill();
    } catch {
      // it has ended already
    }
    await this.#process.status;
    await this.#typed.close().catch(() => {});
    await this.#shown.cancel();
  }
}
