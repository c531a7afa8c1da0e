import { createHash } from "node:crypto";
import { Listening, write } from "./listening.ts";
import { agree, INFO } from "./scripted_server.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A frame of the WebSocket protocol as a server sends it; with `first`, a first byte of one's own. */
export function frame(payload: Uint8Array | string, first = 0x82): Uint8Array {
  const data = typeof payload === "string" ? encoder.encode(payload) : payload;
  const length = data.length < 126
    ? [data.length]
    : data.length < 65_536
    ? [126, data.length >> 8, data.length & 255]
    : [127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((bits) => (data.length >> bits) & 255)];
  const bytes = new Uint8Array(1 + length.length + data.length);
  bytes.set([first, ...length]);
  bytes.set(data, 1 + length.length);
  return bytes;
}

/** A kind NATS server over WebSockets that can say any bytes: `await using server = FrameServer.start()`. */
export class FrameServer extends Listening {
  static start(): FrameServer {
    return new FrameServer(serve);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }
}

async function serve(connection: Deno.TcpConn): Promise<void> {
  let rest = new Uint8Array(0);
  let isOpen = false;
  let text = "";
  const buffer = new Uint8Array(65_536);
  for (let size; (size = await connection.read(buffer)) !== null;) {
    rest = new Uint8Array([...rest, ...buffer.subarray(0, size)]);
    if (!isOpen) {
      const asked = decoder.decode(rest);
      if (!asked.endsWith("\r\n\r\n")) continue;
      rest = new Uint8Array(0);
      isOpen = true;
      await write(connection, encoder.encode(upgrade(asked)));
      await write(connection, frame(INFO));
      continue;
    }
    for (let next; (next = unmasked(rest));) {
      rest = rest.slice(next.end);
      // the answer to a close, and the end
      if (next.opcode === 8) return await write(connection, frame("", 0x88));
      if (next.opcode > 2) continue;
      const lines = (text + next.text).split("\r\n");
      text = lines.pop()!;
      const words = lines.map(agree).join("");
      if (words !== "") await write(connection, frame(words));
    }
  }
}

function upgrade(asked: string): string {
  const [, key = ""] = /sec-websocket-key: *(\S+)/i.exec(asked) ?? [];
  const accepted = createHash("sha1").update(key + GUID).digest("base64");
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accepted}\r\n\r\n`;
}

/** Reads the client's next frame, if all of it is there; its clients send short ones. */
function unmasked(
  bytes: Uint8Array,
): { readonly opcode: number; readonly text: string; readonly end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 127;
  const from = short === 126 ? 4 : 2;
  const length = short === 126 ? (bytes[2]! << 8) | bytes[3]! : short;
  const end = from + 4 + length;
  if (bytes.length < end) return undefined;
  const mask = bytes.subarray(from, from + 4);
  const data = bytes.subarray(from + 4, end).map((byte, at) => byte ^ mask[at % 4]!);
  return { opcode: bytes[0]! & 15, text: decoder.decode(data), end };
}
