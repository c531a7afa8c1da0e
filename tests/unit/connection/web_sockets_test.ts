import { assertEquals } from "@std/assert";
import { CancellableSocket } from "../../../src/connection/web_sockets.ts";

/** A socket whose other end never answers. */
function frozen() {
  const done: unknown[] = [];
  const socket = {
    binaryType: "blob",
    readyState: WebSocket.OPEN,
    bufferedAmount: 7,
    onopen: null,
    onmessage: null as ((event: Event) => void) | null,
    onerror: null,
    onclose: null as ((event: Event) => void) | null,
    send: (data: unknown) => void done.push(data),
    close: () => void done.push("close"),
  };
  return { socket, done, cancellable: new CancellableSocket(socket as unknown as WebSocket) };
}

Deno.test("CancellableSocket is a socket like any other until it is left", () => {
  const { socket, done, cancellable } = frozen();
  const heard: string[] = [];
  cancellable.binaryType = "arraybuffer";
  cancellable.onmessage = ({ type }) => heard.push(type);
  cancellable.onclose = ({ type }) => heard.push(type);
  cancellable.send("x");
  socket.onmessage!(new Event("message"));
  socket.onclose!(new Event("close"));
  assertEquals([done, heard], [["x"], ["message", "close"]]);
  assertEquals([socket.binaryType, cancellable.readyState, cancellable.backlog], [
    "arraybuffer",
    WebSocket.OPEN,
    7,
  ]);
});

Deno.test("CancellableSocket.close() waits neither for what is to be sent nor for the other end", async () => {
  const { socket, done, cancellable } = frozen();
  const heard: string[] = [];
  cancellable.onmessage = ({ type }) => heard.push(type);
  cancellable.onclose = ({ type }) => heard.push(type);
  assertEquals(cancellable.bufferedAmount, 0);
  cancellable.close();
  cancellable.close();
  assertEquals([cancellable.readyState, heard], [WebSocket.CLOSED, []]);
  await Promise.resolve();
  socket.onmessage!(new Event("message"));
  socket.onclose!(new Event("close"));
  assertEquals([done, heard], [["close"], ["close"]]);
});
