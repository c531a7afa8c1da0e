import { Listening, write } from "./listening.ts";

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

const KIND = {
  server_id: "A",
  version: "2.15.1",
  max_payload: 1_048_576,
  headers: true,
  proto: 1,
} as const;

/** The INFO of a server that says something else of itself, or more. */
export function infoWith(changes: Readonly<Record<string, unknown>>): string {
  return `INFO ${JSON.stringify({ ...KIND, ...changes })}\r\n`;
}

/** The INFO of a server that needs nothing of its clients. */
export const INFO: string = infoWith({});

/** Says PONG to each PING, and nothing else: `answer` of a server that agrees to everything. */
export function agree(line: string): string {
  return line === "PING" ? "PONG\r\n" : "";
}

/** A server whose words a test decides: `await using server = ScriptedServer.start({ answer: agree })`. */
export class ScriptedServer implements AsyncDisposable {
  /** What the next connections hear. */
  script: Script;
  readonly #listening = new Listening((connection) => serve(connection, this.script));

  private constructor(script: Script) {
    this.script = script;
  }

  static start(script: Script): ScriptedServer {
    return new ScriptedServer(script);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#listening.port}`;
  }

  /** How many connections it has taken. */
  get dials(): number {
    return this.#listening.dials;
  }

  /** Says something to everyone who is connected. */
  say(words: string): Promise<void> {
    return this.#listening.say(encoder.encode(words));
  }

  /** Ends every connection. */
  cut(): void {
    this.#listening.cut();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listening[Symbol.asyncDispose]();
  }
}

async function serve(
  connection: Deno.TcpConn,
  { greeting = INFO, answer, hangsUp = false }: Script,
): Promise<void> {
  if (greeting) await write(connection, encoder.encode(greeting));
  if (hangsUp) return;
  const buffer = new Uint8Array(65_536);
  let rest = "";
  for (let size; (size = await connection.read(buffer)) !== null;) {
    const lines = (rest + decoder.decode(buffer.subarray(0, size))).split("\r\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const words = answer(line);
      if (words === undefined) return;
      if (words !== "") await write(connection, encoder.encode(words));
    }
  }
}
