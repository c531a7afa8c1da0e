const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a server says that a test plays. */
export interface Script {
  /** What comes before all else; `false` for nothing at all. @default {an INFO} */
  readonly greeting?: string | false;
  /** Gives what is said to a line of the client's; `undefined` ends the connection. */
  readonly answer: (line: string) => string | undefined;
  /** Whether it hangs up behind the greeting. */
  readonly hangsUp?: boolean;
}

/** The INFO of a server that needs nothing of its clients. */
export const INFO = `INFO ${
  JSON.stringify({
    server_id: "A",
    version: "2.15.1",
    max_payload: 1_048_576,
    headers: true,
    proto: 1,
  })
}\r\n`;

/** Says PONG to each PING, and nothing else: `answer` of a server that agrees to everything. */
export function agree(line: string): string {
  return line === "PING" ? "PONG\r\n" : "";
}

/** A server whose words a test decides: `await using server = ScriptedServer.start({ answer: agree })`. */
export class ScriptedServer implements AsyncDisposable {
  /** What the next connections hear. */
  script: Script;
  /** How many connections it has taken. */
  dials = 0;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #ended: Promise<void>;

  private constructor(script: Script) {
    this.script = script;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#ended = this.#accept();
  }

  static start(script: Script): ScriptedServer {
    return new ScriptedServer(script);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Says something to everyone who is connected. */
  async say(words: string): Promise<void> {
    await Promise.all([...this.#connections].map((one) => one.write(encoder.encode(words))));
  }

  /** Ends every connection. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#ended;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.dials++;
      this.#connections.add(connection);
      serving.push(
        this.#serve(connection).catch(() => {}).finally(() => {
          this.#connections.delete(connection);
          close(connection);
        }),
      );
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const { greeting = INFO, answer, hangsUp = false } = this.script;
    if (greeting) await connection.write(encoder.encode(greeting));
    if (hangsUp) return;
    const buffer = new Uint8Array(65_536);
    let rest = "";
    for (let size; (size = await connection.read(buffer)) !== null;) {
      const lines = (rest + decoder.decode(buffer.subarray(0, size))).split("\r\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const words = answer(line);
        if (words === undefined) return;
        if (words !== "") await connection.write(encoder.encode(words));
      }
    }
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // it has been closed from elsewhere
  }
}
