/**
 * Publishes so many messages in one go, from a thread of its own.
 *
 * @module
 */
interface Flood {
  readonly url: string;
  readonly subject: string;
  readonly count: number;
}

addEventListener("message", async (event) => {
  const { url, subject, count } = (event as MessageEvent<Flood>).data;
  const { hostname, port } = new URL(url);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const lines = `CONNECT {"verbose":false}\r\n${
    `PUB ${subject} 1000\r\n${"x".repeat(1_000)}\r\n`.repeat(count)
  }PING\r\n`;
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(lines));
  for await (const _ of socket.readable);
});
