import type { BrokerOptions, NatsBroker } from "@signalbox/nats";
import { MessageHeaders, type RawMessage } from "../../../src/door/mod.ts";
import { PATIENCE, until } from "../nats_server/until.ts";
import {
  apiOf,
  type ConsumerInfo,
  type JetStreamApi,
  publishStored,
  type StreamInfo,
} from "./internals.ts";

/** What makes brokers: a server under test. */
interface Broking {
  broker(options?: BrokerOptions): NatsBroker;
}

/** A dead letter as it stands in its stream. */
export interface StoredLetter {
  readonly subject: string;
  readonly headers: MessageHeaders;
  readonly body: string;
}

/** A broker that looks after streams while others work on them. */
export class Workshop {
  readonly broker: NatsBroker;
  readonly api: JetStreamApi;

  private constructor(broker: NatsBroker) {
    this.broker = broker;
    this.api = apiOf(broker);
  }

  static async at(server: Broking, options?: BrokerOptions): Promise<Workshop> {
    const broker = server.broker({ reconnect: { minDelay: 10, maxDelay: 50 }, ...options });
    await broker.start();
    return new Workshop(broker);
  }

  /** One by a broker that has started. */
  static of(broker: NatsBroker): Workshop {
    return new Workshop(broker);
  }

  /** Stores a message as JSON, or bytes. */
  async store(subject: string, body: unknown, headers?: Record<string, string>): Promise<number> {
    const isBytes = body instanceof Uint8Array;
    const data = isBytes ? body : new TextEncoder().encode(JSON.stringify(body));
    const { seq } = await publishStored(this.api, subject, data, {
      timeout: 20_000,
      ...headers && { headers },
    });
    return seq;
  }

  async storeAll(
    subjects: Iterable<string>,
    body: (subject: string, at: number) => unknown = (_, at) => at,
  ) {
    await Promise.all(
      Array.from(subjects, (subject, at) => this.store(subject, body(subject, at))),
    );
  }

  consumer(stream: string, name: string): Promise<ConsumerInfo> {
    return this.api.call<ConsumerInfo>(`CONSUMER.INFO.${stream}.${name}`);
  }

  stream(name: string): Promise<StreamInfo> {
    return this.api.call<StreamInfo>(`STREAM.INFO.${name}`, { subjects_filter: ">" });
  }

  /** Takes a message as a process would that is killed then. */
  async pull(stream: string, name: string): Promise<RawMessage> {
    const { access, prefix } = this.api;
    const inbox = access.newInbox();
    const { promise, resolve } = Promise.withResolvers<RawMessage>();
    const subscription = access.subscribe(inbox, resolve);
    const subject = `${prefix}.CONSUMER.MSG.NEXT.${stream}.${name}`;
    access.publish(subject, new TextEncoder().encode("1"), { replyTo: inbox });
    const raw = await promise;
    subscription.unsubscribe();
    return raw;
  }

  /** Resolves once the consumer has nothing left to deliver or to wait for. */
  async settled(stream: string, name: string, timeout = PATIENCE): Promise<ConsumerInfo> {
    let left = "";
    try {
      return await until(`${name} must be done`, async () => {
        const info = await this.consumer(stream, name);
        left = `${info.num_pending} pending, ${info.num_ack_pending} not acknowledged`;
        return info.num_pending === 0 && info.num_ack_pending === 0 && info;
      }, { timeout });
    } catch (cause) {
      throw new Error(`Cannot go on with ${name}: ${left}`, { cause });
    }
  }

  /** Resolves once a stream has no messages left. */
  async emptied(name: string, timeout = PATIENCE): Promise<void> {
    await until(`${name} must be empty`, async () => {
      return (await this.stream(name)).state.messages === 0;
    }, { timeout });
  }

  /** The dead letters in the order in which they were stored, once there are so many. */
  async letters(stream: string, count: number): Promise<StoredLetter[]> {
    const { state } = await until(`${count} dead letters must be there`, async () => {
      const info = await this.stream(stream);
      return info.state.messages >= count && info;
    });
    const letters: StoredLetter[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const { message } = await this.api.call<{ message: Record<string, string> }>(
        `STREAM.MSG.GET.${stream}`,
        { seq },
      );
      const block = Uint8Array.from(atob(message.hdrs ?? ""), (letter) => letter.charCodeAt(0));
      letters.push({
        subject: message.subject!,
        headers: MessageHeaders.parse(block),
        body: atob(message.data ?? ""),
      });
    }
    return letters;
  }
}

/** The texts of the errors that a broker emits, until it stops. */
export function errorsOf(broker: NatsBroker): string[] {
  const errors: string[] = [];
  void (async () => {
    for await (const event of broker.events()) {
      if (event.type === "error") errors.push(event.error.message);
    }
  })();
  return errors;
}
