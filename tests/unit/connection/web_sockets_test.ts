import { assertEquals } from "@std/assert";
import { LeavableSocket } from "../../../src/connection/web_sockets.ts";

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
  return { socket, done, leavable: new LeavableSocket(socket as unknown as WebSocket) };
}

Deno.test("LeavableSocket is a socket like any other until it is left", () => {
  const { socket, done, leavable } = frozen();
  const heard: string[] = [];
  leavable.binaryType = "arraybuffer";
  leavable.onmessage = ({ type }) => heard.push(type);
  leavable.onclose = ({ type }) => heard.push(type);
  leavable.send("x");
  socket.onmessage!(new Event("message"));
  socket.onclose!(new Event("close"));
  assertEquals([done, heard], [["x"], ["message", "close"]]);
  assertEquals([socket.binaryType, leavable.readyState, leavable.backlog], [
    "arraybuffer",
    WebSocket.OPEN,
    7,
  ]);
});

Deno.test("LeavableSocket.close() waits neither for what is to be sent nor for the other end", async () => {
  const { socket, done, leavable } = frozen();
  const heard: string[] = [];
  leavable.onmessage = ({ type }) => heard.push(type);
  leavable.onclose = ({ type }) => heard.push(type);
  assertEquals(leavable.bufferedAmount, 0);
  leavable.close();
  leavable.close();
  assertEquals([leavable.readyState, heard], [WebSocket.CLOSED, []]);
  await Promise.resolve();
  socket.onmessage!(new Event("message"));
  socket.onclose!(new Event("close"));
  assertEquals([done, heard], [["close"], ["close"]]);
});
