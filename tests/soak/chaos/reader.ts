import { connect, type NatsConnection, wsconnect } from "@nats-io/transport-deno";
import { Heard } from "./heard.ts";

/**
 * The bare client on one server: a witness who is not on trial, and who stays where it is, as the broker goes on to
 * another node of a cluster.
 */
export class Reader implements AsyncDisposable {
  readonly #client: NatsConnection;

  private constructor(client: NatsConnection) {
    this.#client = client;
  }

  static async open(server: string): Promise<Reader> {
    const options = {
      servers: server,
      ignoreClusterUpdates: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
    };
    const client = await (server.startsWith("ws") ? wsconnect(options) : connect(options));
    return new Reader(client);
  }

  /** Hears a subject, once `settled` has resolved. */
  hear(subject: string, size: number): Heard {
    const heard = new Heard(size);
    this.#client.subscribe(subject, {
      callback(_error, message) {
        heard.take(message.string());
      },
    });
    return heard;
  }

  /** Resolves once all that its server has sent before has been heard. */
  settled(): Promise<void> {
    return this.#client.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}
