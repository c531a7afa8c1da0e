import { connect, headers, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { until } from "../support/nats_server/until.ts";

const FAR = "999999999999999";

/** What is known of a message that came; the message itself would keep the whole chunk that it was read with. */
interface Told {
  /** Its frame's name. */
  readonly name: string;
  readonly code: string | undefined;
  /** Up to how many bytes may be sent, where it says so. */
  readonly room: number | undefined;
  /** Up to which of the addresses that it was given it uses none any more, where it says so. */
  readonly spent: number | undefined;
}

/** One link of a hostile peer, which says what it likes and withholds what it likes. */
export class HostileLink {
  /** What came, names of frames and all. */
  readonly #told: Told[] = [];
  readonly #client: NatsConnection;
  readonly own: string;
  #peer = "";
  #serial = 1;
  #came = 0;

  constructor(client: NatsConnection, own: string) {
    this.#client = client;
    this.own = own;
    client.subscribe(`${own}.*`, {
      callback: (_, message) => {
        this.#came += message.data.length;
        const reply = message.reply ?? "";
        const at = reply.lastIndexOf(".") + 1;
        if (this.#peer === "" && message.headers?.has("Signalbox-Link")) {
          this.#peer = reply.slice(0, at);
        }
        this.#told.push(toldBy(reply.slice(at), message));
      },
    });
  }

  /** The error code that it was ended or refused with. */
  get code(): string | undefined {
    return this.#told.find(({ code }) => code)?.code;
  }

  /** How many messages have come. */
  get count(): number {
    return this.#told.length;
  }

  /** How many bytes have come. */
  get came(): number {
    return this.#came;
  }

  /** Up to how many bytes it may send, by the last that it was told. */
  get room(): number {
    return Math.max(1_048_576, ...this.#told.map(({ room }) => room ?? 0));
  }

  /** Up to which of its addresses none is used any more, by the last that it was told. */
  get spent(): number {
    return this.#told.findLast(({ spent }) => spent !== undefined)?.spent ?? 0;
  }

  /** How many addresses it has given, the one of the opening among them. */
  get given(): number {
    return this.#serial;
  }

  /** Opens, with room for anything; says nothing more. */
  open(subject: string, kind: "stream" | "session", body = "null", responses = 0): void {
    const told = headers();
    const terms = `1 ${kind} frames=${FAR} bytes=${FAR} body=${FAR} responses=${responses}`;
    told.set("Signalbox-Link", terms);
    told.set("content-type", "application/json");
    this.#client.publish(subject, body, { reply: `${this.own}.o1`, headers: told });
  }

  /** Waits for the acceptance, and says the third word. */
  async greet(): Promise<void> {
    await until("an acceptance", () => this.#peer !== "" || this.code !== undefined);
    this.say("c");
  }

  /** Says a control frame with a tally that acknowledges nothing. */
  say(letter: string, tally = `0 ${FAR} ${FAR} 0 0`): void {
    if (this.#peer === "") return;
    const reply = `${this.own}.${letter}${++this.#serial}`;
    this.#client.publish(`${this.#peer}o1`, tally, { reply });
  }

  /** Resolves once the server has all that was sent. */
  flush(): Promise<void> {
    return this.#client.flush();
  }

  /** Sends a numbered frame. */
  send(name: string, payload: Uint8Array | string): void {
    this.#client.publish(`${this.#peer}o1`, payload, { reply: `${this.own}.${name}` });
  }
}

function toldBy(name: string, message: Msg): Told {
  const tally = /^[cpg]/.test(name) ? message.string().split(" ").map(Number) : [];
  const code = message.headers?.get("Nats-Service-Error-Code");
  return { name, code, room: tally[2], spent: tally[4] };
}

/** Runs with a client that nothing is known of. */
export async function withHostile<T>(
  url: string,
  attack: (client: NatsConnection, link: () => HostileLink) => Promise<T>,
): Promise<T> {
  const client = await connect({ servers: url });
  let links = 0;
  try {
    return await attack(
      client,
      () => new HostileLink(client, `_EVIL.${crypto.randomUUID()}${++links}`),
    );
  } finally {
    await client.close();
  }
}
