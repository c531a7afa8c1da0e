import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { NatsBroker } from "../../mod.ts";
import { sendWithoutDelay } from "./without_delay.ts";

/** Where the responder answers with what it was asked. */
export const ECHO = "bench.echo";

/** Far beyond any answer's time: a busy machine must not end a measurement. */
export const PATIENCE = 10_000;

/** The bare client with Nagle's algorithm off, as ours has it: a wait of 40 ms for the other end says nothing of a client. */
export async function connectAlike(servers: string): Promise<NatsConnection> {
  const client = await connect({ servers });
  sendWithoutDelay(client);
  return client;
}

/** Both sides on the same server, in the same process, and the responder that answers both. */
export class Ends implements AsyncDisposable {
  readonly broker: NatsBroker;
  /** The bare client, over the very transport that the broker uses. */
  readonly client: NatsConnection;
  readonly servers: string;
  readonly #responder: NatsConnection;
  readonly #isPlain: boolean;

  private constructor(
    broker: NatsBroker,
    client: NatsConnection,
    responder: NatsConnection,
    { servers, isPlain }: { readonly servers: string; readonly isPlain: boolean },
  ) {
    this.broker = broker;
    this.client = client;
    this.#responder = responder;
    this.servers = servers;
    this.#isPlain = isPlain;
  }

  /** Connects all three; from then on a request of either side is answered. With `isPlain`, bare clients are as they come. */
  static async open(servers: string, isPlain = false): Promise<Ends> {
    await using opened = new AsyncDisposableStack();
    const broker = opened.use(brokerOf(servers));
    await broker.start();
    const client = opened.use(await (isPlain ? connect({ servers }) : connectAlike(servers)));
    const responder = opened.use(await connectAlike(servers));
    responder.subscribe(ECHO, {
      callback(_error, message) {
        message.respond(message.data);
      },
    });
    await responder.flush();
    opened.move();
    return new Ends(broker, client, responder, { servers, isPlain });
  }

  /** A bare client of its own for one round. */
  connect(): Promise<NatsConnection> {
    return this.#isPlain ? connect({ servers: this.servers }) : connectAlike(this.servers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.stop();
    await this.client.close();
    await this.#responder.close();
  }
}

/** A broker that waits long enough, and tells nobody. */
export function brokerOf(servers: string): NatsBroker {
  return new NatsBroker(servers, { requestTimeout: PATIENCE, logger: false });
}
