import { agree, INFO } from "./scripted_server.ts";

/** What a server does with those who dial. */
export type Manner =
  | "serves"
  | "lets in and hangs up"
  | "hangs up at once"
  | "hangs up behind its INFO"
  | "hangs up at CONNECT"
  | "hangs up behind its PONG"
  | "sends garbage";

/** Over which transport. */
export type Scheme = "nats" | "ws";

/** One connection, whatever it goes over. */
interface Peer {
  say(words: string): void;
  close(): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const GARBAGE = "\x16\x03\x01\x02\r\nHTTP/1.1 400 Bad Request\r\n\r\n";
const HOST = "127.0.0.1";

/** A server that can be unkind to those who dial: `await using server = UnkindServer.start("ws")`. */
export class UnkindServer implements AsyncDisposable {
  manner: Manner = "serves";
  /** What it says first. */
  info = INFO;
  /** When it was dialled, by `performance.now()`. */
  readonly dials: number[] = [];
  readonly url: string;
  readonly #peers = new Set<Peer>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #end: () => Promise<unknown>;

  private constructor(scheme: Scheme) {
    if (scheme === "ws") {
      const server = Deno.serve(
        { hostname: HOST, port: 0, onListen() {} },
        (request) => this.#upgrade(request),
      );
      this.url = `ws://${HOST}:${server.addr.port}`;
      this.#end = () => server.shutdown();
      return;
    }
    const listener = Deno.listen({ hostname: HOST, port: 0 });
    const ended = this.#accept(listener);
    this.url = `nats://${HOST}:${listener.addr.port}`;
    this.#end = () => {
      listener.close();
      return ended;
    };
  }

  static start(scheme: Scheme): UnkindServer {
    return new UnkindServer(scheme);
  }

  /** Ends every connection. */
  cut(): void {
    for (const peer of this.#peers) peer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#end();
    this.cut();
    await ended;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #upgrade(request: Request): Response {
    this.dials.push(performance.now());
    if (this.manner === "hangs up at once") return new Response(null, { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    const peer = {
      say: (words: string) => socket.send(encoder.encode(words)),
      close: () => socket.close(),
    };
    let rest = "";
    socket.onopen = () => this.#greet(peer);
    socket.onmessage = ({ data }) => rest = this.#answer(peer, rest + decoder.decode(data));
    socket.onclose = () => this.#peers.delete(peer);
    return response;
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    const serving = [];
    for await (const connection of listener) {
      this.dials.push(performance.now());
      serving.push(this.#serve(connection));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<null>();
    let said: Promise<unknown> = Promise.resolve();
    const peer = {
      say: (words: string) => {
        said = said.then(() => connection.write(encoder.encode(words))).catch(() => {});
      },
      close: () => void said.then(() => resolve(null)),
    };
    if (this.manner === "hangs up at once") peer.close();
    else this.#greet(peer);
    const buffer = new Uint8Array(65_536);
    try {
      let rest = "";
      for (let size; (size = await Promise.race([closed, connection.read(buffer)])) !== null;) {
        rest = this.#answer(peer, rest + decoder.decode(buffer.subarray(0, size)));
      }
    } catch {
      // the client has gone
    } finally {
      this.#peers.delete(peer);
      connection.close();
    }
  }

  #greet(peer: Peer): void {
    this.#peers.add(peer);
    peer.say(this.manner === "sends garbage" ? GARBAGE : this.info);
    if (this.manner === "hangs up behind its INFO") peer.close();
  }

  /** Gives what is left of a line. */
  #answer(peer: Peer, text: string): string {
    const lines = text.split("\r\n");
    const rest = lines.pop()!;
    for (const line of lines) {
      if (this.manner === "hangs up at CONNECT") {
        peer.close();
        break;
      }
      const words = agree(line);
      if (words !== "") peer.say(words);
      if (words !== "" && this.manner === "hangs up behind its PONG") peer.close();
      // not before the client has taken notice that it was let in
      if (words !== "" && this.manner === "lets in and hangs up") {
        this.#timers.add(setTimeout(peer.close, 10));
      }
    }
    return rest;
  }
}
