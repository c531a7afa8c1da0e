import { assert, assertEquals, assertThrows } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import { delay } from "./embedded/delay.ts";

const QUIET = 'CONNECT {"verbose":false,"pedantic":false}\r\n';
const decoder = new TextDecoder();

interface Heard {
  readonly socket: WebSocket;
  text(): string;
  until(part: string): Promise<void>;
}

async function open(server: EmbeddedServer): Promise<Heard> {
  const socket = server.socket();
  socket.binaryType = "arraybuffer";
  let text = "";
  socket.onmessage = ({ data }) => text += decoder.decode(data);
  await new Promise((resolve) => socket.onopen = resolve);
  const until = async (part: string) => {
    while (!text.includes(part)) await delay(1);
  };
  await until("\r\n");
  text = "";
  socket.send(QUIET);
  return { socket, text: () => text, until };
}

function closing(socket: WebSocket): Promise<CloseEvent> {
  return new Promise((resolve) => socket.onclose = resolve);
}

Deno.test("EmbeddedServer.socket() carries the protocol as text and as bytes", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket, text, until } = await open(server);
  socket.send("SUB a 1\r\n");
  const bytes = new TextEncoder().encode("..PUB a 2\r\nhi\r\nPING\r\n..");
  socket.send(bytes.subarray(2, -2));
  bytes.fill(0);
  await until("PONG");
  assertEquals(text(), "MSG a 1 2\r\nhi\r\nPONG\r\n");
});

Deno.test("EmbeddedServer.socket() gives blobs unless array buffers are asked for", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const socket = server.socket();
  assertEquals(socket.binaryType, "blob");
  const data = await new Promise<unknown>((resolve) => {
    socket.onmessage = (event) => resolve(event.data);
  });
  assert(data instanceof Blob);
  assert((await data.text()).startsWith("INFO "));
});

Deno.test("EmbeddedServer.socket() tells listeners too", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const socket = server.socket();
  const types: string[] = [];
  for (const type of ["open", "message", "close", "error"]) {
    socket.addEventListener(type, () => types.push(type));
  }
  await new Promise((resolve) => socket.addEventListener("message", resolve));
  socket.close();
  await new Promise((resolve) => socket.addEventListener("close", resolve));
  assertEquals(types, ["open", "message", "close"]);
});

Deno.test("EmbeddedServer.socket() never calls back within a call", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket } = await open(server);
  let within = true;
  const called = new Promise<boolean>((resolve) => {
    socket.onmessage = () => resolve(within);
    socket.onclose = () => resolve(within);
  });
  socket.send("PING\r\n");
  server.disconnect();
  within = false;
  assertEquals(await called, false);
});

Deno.test("EmbeddedServer.socket() refuses to send before it is open", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const socket = server.socket();
  assertThrows(
    () => socket.send("PING\r\n"),
    DOMException,
    "Cannot send as the socket must be open",
  );
  await new Promise((resolve) => socket.onopen = resolve);
});

Deno.test("EmbeddedServer.socket() takes what was sent before it closes", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { text, until } = await open(server).then((other) => {
    other.socket.send("SUB a 1\r\n");
    return other;
  });
  const { socket } = await open(server);
  socket.send("PUB a 3\r\nbye\r\n");
  socket.close(1000, "done");
  assertEquals(socket.readyState, WebSocket.CLOSING);
  const { code, reason, wasClean } = await closing(socket);
  assertEquals({ code, reason, wasClean }, { code: 1000, reason: "done", wasClean: true });
  assertEquals(socket.readyState, WebSocket.CLOSED);
  await until("bye");
  assertEquals(text(), "MSG a 1 3\r\nbye\r\n");
  assertEquals(server.stats().connections, 1);
});

Deno.test("EmbeddedServer.socket() counts what the server has yet to take", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket, until } = await open(server);
  const message = new TextEncoder().encode(`PUB a 500000\r\n${"x".repeat(500_000)}\r\n`);
  for (let i = 0; i < 4; i++) socket.send(message);
  assertEquals(socket.bufferedAmount, 4 * message.length);
  socket.send("PING\r\n");
  await until("PONG");
  assertEquals(socket.bufferedAmount, 0);
  assertEquals(server.stats().messagesIn, 4);
});

Deno.test("EmbeddedServer.socket() says why the server closed it", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket, text } = await open(server);
  socket.send("nonsense\r\n");
  const { wasClean } = await closing(socket);
  assert(wasClean);
  assertEquals(text(), "-ERR 'Unknown Protocol Operation'\r\n");
});

Deno.test("EmbeddedServer.disconnect() cuts sockets, and lets them come again", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket } = await open(server);
  const closed = closing(socket);
  server.disconnect();
  const { code, wasClean } = await closed;
  assertEquals({ code, wasClean }, { code: 1006, wasClean: false });
  assertEquals(server.stats().connections, 0);
  await open(server);
  assertEquals(server.stats().connections, 1);
});

async function outcome(server: EmbeddedServer): Promise<string[]> {
  const socket = server.socket();
  const events: string[] = [];
  socket.onopen = () => events.push("open");
  socket.onerror = (event) => events.push((event as ErrorEvent).message);
  await closing(socket);
  return events;
}

Deno.test("EmbeddedServer.socket() is refused while the server is paused", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket } = await open(server);
  const closed = closing(socket);
  server.pause();
  await closed;
  assertEquals(await outcome(server), ["connection refused"]);
  server.resume();
  await open(server);
});

Deno.test("EmbeddedServer.socket() is refused once the server has stopped", async () => {
  const server = await EmbeddedServer.start({ listen: false });
  await server.stop();
  assertEquals(await outcome(server), ["connection refused"]);
});

Deno.test("EmbeddedServer.socket() can be closed before it is open", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const socket = server.socket();
  socket.close();
  await closing(socket);
  assertEquals(server.stats().connections, 0);
});

Deno.test("EmbeddedServer.socket() lets timers run while it takes a flood", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  const { socket, until } = await open(server);
  socket.send(`PUB a 10\r\n${"x".repeat(10)}\r\n`.repeat(500_000));
  socket.send("PING\r\n");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await until("PONG");
  clearInterval(timer);
  assert(ticks > 3, `${ticks} ticks`);
  assertEquals(server.stats().messagesIn, 500_000);
});
