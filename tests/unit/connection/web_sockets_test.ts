import { assertEquals } from "@std/assert";
import { AbandonableSocket } from "../../../src/connection/web_sockets.ts";

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
  return { socket, done, abandonable: new AbandonableSocket(socket as unknown as WebSocket) };
}

Deno.test("AbandonableSocket is a socket like any other until it is left", () => {
  const { socket, done, abandonable } = frozen();
  const heard: string[] = [];
  abandonable.binaryType = "arraybuffer";
  abandonable.onmessage = ({ type }) => heard.push(type);
  abandonable.onclose = ({ type }) => heard.push(type);
  abandonable.send("x");
  socket.onmessage!(new Event("message"));
  socket.onclose!(new Event("close"));
  assertEquals([done, heard], [["x"], ["message", "close"]]);
  assertEquals([socket.binaryType, abandonable.readyState, abandonable.backlog], [
    "arraybuffer",
    WebSocket.OPEN,
    7,
  ]);
});

Deno.test("AbandonableSocket.close() waits neither for what is to be sent nor for the other end", async () => {
  const { socket, done, abandonable } = frozen();
  const heard: string[] = [];
  abandonable.onmessage = ({ type }) => heard.push(type);
  abandonable.onclose = ({ type }) => heard.push(type);
  assertEquals(abandonable.bufferedAmount, 0);
  abandonable.close();
  abandonable.close();
  assertEquals([abandonable.readyState, heard], [WebSocket.CLOSED, []]);
  await Promise.resolve();
  socket.onmessage!(new Event("message"));
  socket.onclose!(new Event("close"));
  assertEquals([done, heard], [["close"], ["close"]]);
});
