import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import type { EncodedMessage } from "../../../src/message/encoded_message.ts";
import { type Pipe, SocketWriter } from "../../../src/wire/socket_writer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function message(subject: string, size = 1): EncodedMessage {
  return { subject, replyTo: "", data: new Uint8Array(size), headerBlock: undefined };
}

/** A transport that takes one write after the other, each for as long as the test says. */
class ClockedPipe implements Pipe {
  readonly writes: string[] = [];
  pendingWrite: Promise<void> | null = null;
  #done = () => {};

  send(bytes: Uint8Array): void {
    this.writes.push(decoder.decode(bytes));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.pendingWrite = promise.then(() => void (this.pendingWrite = null));
    this.#done = resolve;
  }

  /** The socket has taken what it was given. */
  async taken(): Promise<void> {
    this.#done();
    await turns();
  }

  /** The socket has failed, which the real transport tells by never being free again. */
  async failed(): Promise<void> {
    this.pendingWrite = Promise.resolve();
    this.#done = () => {};
    await turns();
  }

  get subjects(): string[] {
    return subjectsIn(this.writes);
  }
}

/** A transport that takes everything at once, and keeps the very bytes. */
class EagerPipe implements Pipe {
  readonly writes: Uint8Array[] = [];

  send(bytes: Uint8Array): void {
    this.writes.push(bytes);
  }
}

function subjectsIn(writes: readonly string[]): string[] {
  return writes.flatMap((write) =>
    [...write.matchAll(/PUB (\S+) /g)].map(([, subject]) => subject!)
  );
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined;
}

Deno.test("SocketWriter writes what comes within a few turns as one", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  for (const subject of ["a", "b", "c"]) {
    writer.publish(message(subject));
    await undefined;
  }
  await turns();
  assertEquals([pipe.writes.length, pipe.subjects], [1, ["a", "b", "c"]]);
});

Deno.test("SocketWriter keeps the client's commands in order with messages", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  writer.fill(encoder.encode("SUB a 1\r\n"));
  writer.publish(message("a", 0));
  writer.fill(encoder.encode("PI"), encoder.encode("NG\r\n"));
  assertEquals([writer.size(), writer.length()], [9 + 11 + 6, 1]);
  writer.flush();
  await turns();
  assertEquals(pipe.writes, ["SUB a 1\r\nPUB a 0\r\n\r\nPING\r\n"]);
  assertEquals([writer.size(), writer.length()], [0, 0]);
});

Deno.test("SocketWriter gathers while the socket is busy, and writes once it is free", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  writer.publish(message("a"));
  await turns();
  for (const subject of ["b", "c"]) writer.publish(message(subject));
  await turns();
  assertEquals([pipe.subjects, writer.acceptedMessages, writer.sentMessages], [["a"], 3, 1]);
  await pipe.taken();
  assertEquals([pipe.subjects, writer.sentMessages], [["a", "b", "c"], 3]);
});

Deno.test("SocketWriter begins to write a flood before it is over", () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  for (let count = 0; count < 100; count++) writer.publish(message("a", 1_000));
  assertStrictEquals(pipe.writes.length, 1);
});

Deno.test("SocketWriter sends all of a flood, larger than any segment, once and in order", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  const subjects = Array.from({ length: 300 }, (_, at) => `s${at}`);
  for (const subject of subjects) writer.publish(message(subject, 3_000));
  writer.publish(message("large", 500_000));
  writer.publish(message("last"));
  for (let writes = 0; writer.size() > 0 && writes < 100; writes++) await pipe.taken();
  assertEquals(pipe.subjects, [...subjects, "large", "last"]);
});

Deno.test("SocketWriter writes a message larger than a segment by itself, and never nothing", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  for (const subject of ["large", "larger"]) {
    writer.publish(message(subject, 100_000));
    await turns();
    await pipe.taken();
  }
  assertEquals(pipe.writes.map(({ length }) => length > 100_000), [true, true]);
});

Deno.test("SocketWriter uses the room of large messages again", async () => {
  const buffers = new Set<ArrayBufferLike>();
  class NotingPipe extends ClockedPipe {
    override send(bytes: Uint8Array): void {
      buffers.add(bytes.buffer);
      super.send(bytes);
    }
  }
  const pipe = new NotingPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  for (let at = 0; at < 20; at++) {
    writer.publish(message(`large.${at}`, 130_000));
    await turns();
    await pipe.taken();
  }
  assertEquals(pipe.subjects, Array.from({ length: 20 }, (_, at) => `large.${at}`));
  assert(buffers.size <= 3, `${buffers.size} buffers`);
});

Deno.test("SocketWriter gives a pipe that writes at once bytes of its own", async () => {
  const pipe = new EagerPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  for (const subject of ["a", "b"]) {
    writer.publish(message(subject, 0));
    await turns();
  }
  const whole = pipe.writes.map(({ buffer }) => decoder.decode(new Uint8Array(buffer)));
  assertEquals(whole, ["PUB a 0\r\n\r\n", "PUB b 0\r\n\r\n"]);
});

Deno.test("SocketWriter.takeUnsent() gives what was not handed over, and never sends it", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  writer.publish(message("sent"));
  await turns();
  const kept = [message("b"), message("c", 70_000), message("d")];
  for (const each of kept) writer.publish(each);
  const unsent = writer.takeUnsent();
  assertEquals(unsent.map(({ outgoing }) => outgoing.subject), ["b", "c", "d"]);
  assertEquals([writer.acceptedMessages, writer.sentMessages, writer.size()], [1, 1, 0]);
  await pipe.taken();
  assertEquals([pipe.subjects, writer.takeUnsent()], [["sent"], []]);
});

Deno.test("SocketWriter.takeUnsent() leaves commands to be sent where there is no message", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  writer.fill(encoder.encode("SUB a 1\r\n"));
  writer.flush();
  assertEquals(writer.takeUnsent(), []);
  await turns();
  assertEquals(pipe.writes, ["SUB a 1\r\n"]);
});

Deno.test("SocketWriter does not go on with a socket that has failed, but with the next one", async () => {
  let pipe: ClockedPipe | undefined = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  const first = pipe;
  writer.publish(message("lost"));
  await turns();
  await first.failed();
  await first.taken();
  writer.publish(message("kept"));
  await turns();
  assertEquals(first.subjects, ["lost"]);
  const [kept] = writer.takeUnsent();
  pipe = undefined;
  await turns();
  pipe = new ClockedPipe();
  writer.publish(kept!.outgoing);
  await turns();
  assertEquals(pipe.subjects, ["kept"]);
});

Deno.test("SocketWriter keeps what comes while there is no pipe, until it is told to flush", async () => {
  const pipe = new ClockedPipe();
  let isThere = false;
  const writer = new SocketWriter(platformClock, () => isThere ? pipe : undefined);
  writer.fill(encoder.encode("SUB a 1\r\n"));
  writer.flush();
  await turns();
  assertEquals(pipe.writes, []);
  isThere = true;
  writer.flush();
  await turns();
  assertEquals(pipe.writes, ["SUB a 1\r\n"]);
});

Deno.test("SocketWriter.room() resolves once little is left, and at once where that is so", async () => {
  const pipe = new ClockedPipe();
  const writer = new SocketWriter(platformClock, () => pipe);
  assertStrictEquals(writer.room(), undefined);
  for (let count = 0; count < 40; count++) writer.publish(message("a", 50_000));
  let hasRoom = false;
  void writer.room()!.then(() => hasRoom = true);
  await turns();
  assertStrictEquals(hasRoom, false);
  for (let writes = 0; !hasRoom && writes < 100; writes++) await pipe.taken();
  assert(writer.size() > 500_000, `${writer.size()} bytes are left`);
  assertStrictEquals(writer.room(), undefined);
});

Deno.test("SocketWriter.room() resolves when all is taken back, as nothing waits here any more", async () => {
  const writer = new SocketWriter(platformClock, () => undefined);
  for (let count = 0; count < 40; count++) writer.publish(message("a", 50_000));
  const room = writer.room()!;
  writer.takeUnsent();
  await room;
});
