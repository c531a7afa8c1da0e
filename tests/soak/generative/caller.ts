import { connect, type MsgHdrs, type NatsConnection } from "@nats-io/transport-deno";
import { until } from "../../support/nats_server/until.ts";
import { blockOf, type RawMessage } from "./messages.ts";

/** What a caller was told: 0 for an answer, else the code of the error. */
export type Told = number;

/** Sends messages as they are through the bare client, and keeps account of the answers. */
export class RawCaller implements AsyncDisposable {
  readonly #client: NatsConnection;
  readonly #base: string;
  readonly #open = new Map<string, RawMessage>();
  readonly #told = new Map<Told, number>();
  #surplus = 0;
  #asked = 0;

  private constructor(client: NatsConnection) {
    this.#client = client;
    this.#base = `answers.${crypto.randomUUID()}.`;
    client.subscribe(`${this.#base}*`, {
      callback: (_, { subject, headers }) => {
        if (!this.#open.delete(subject)) this.#surplus++;
        const code = Number(headers?.get("Nats-Service-Error-Code") || headers?.code || 0);
        this.#told.set(code, (this.#told.get(code) ?? 0) + 1);
      },
    });
  }

  static async connect(url: string): Promise<RawCaller> {
    const caller = new RawCaller(await connect({ servers: url }));
    await caller.#client.flush();
    return caller;
  }

  /** How many answers came that nobody had asked for, or a second time. */
  get surplus(): number {
    return this.#surplus;
  }

  /** How often each was told. */
  get told(): ReadonlyMap<Told, number> {
    return this.#told;
  }

  send(message: RawMessage): void {
    const { subject, headers, data, wantsAnswer } = message;
    const reply = wantsAnswer ? `${this.#base}${this.#asked++}` : undefined;
    if (reply) this.#open.set(reply, message);
    this.#client.publish(subject, data, {
      ...reply && { reply },
      // the client asks headers for nothing but their bytes
      ...headers && { headers: { encode: () => blockOf(headers) } as unknown as MsgHdrs },
    });
  }

  /** Resolves once every request is answered. */
  async answered(): Promise<void> {
    await this.#client.flush();
    try {
      await until("every request must be answered", () => this.#open.size === 0, {
        timeout: 4_000,
      });
    } catch (cause) {
      const shown = [...this.#open.values()].slice(0, 5).map(shortened).join("\n");
      throw new Error(`${this.#open.size} requests were not answered, such as\n${shown}`, {
        cause,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

function shortened({ subject, headers, data }: RawMessage): string {
  const text = (bytes: Uint8Array = new Uint8Array()) =>
    JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 200)));
  return `${subject} ${text(headers)} ${text(data)}`;
}
