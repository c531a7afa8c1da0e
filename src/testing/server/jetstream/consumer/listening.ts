import type { InternalClient, InternalSubscription, Receive } from "../internal_client.ts";
import { ackSubjects, flowControlSubjects } from "./ack_subject.ts";
import { isAcknowledged } from "./config.ts";
import type { ConsumerState } from "./state.ts";

/** What a consumer is told. */
export interface Heard {
  /** A message was acknowledged, in whatever way. */
  readonly acknowledged: Receive;
  /** Messages are asked for. */
  readonly asked: Receive;
  /** It is to begin anew. */
  readonly reset: Receive;
  /** A client has taken in what came. */
  readonly takenIn: Receive;
}

/** The subjects on which a consumer is told something. */
export class Listening {
  readonly #client: InternalClient;
  readonly #subscriptions: InternalSubscription[] = [];

  /** Throws an `ApiError` where the server has no room for it. */
  constructor({ context, stream, name, config }: ConsumerState, heard: Heard) {
    this.#client = context.client;
    const subjects: [string, Receive][] = [
      [`$JS.API.CONSUMER.MSG.NEXT.${stream.name}.${name}`, heard.asked],
      [`$JS.API.CONSUMER.RESET.${stream.name}.${name}`, heard.reset],
    ];
    for (const subject of isAcknowledged(config) ? ackSubjects(stream.name, name) : []) {
      subjects.push([subject, heard.acknowledged]);
    }
    for (const subject of config.flow_control ? flowControlSubjects(stream.name, name) : []) {
      subjects.push([subject, heard.takenIn]);
    }
    try {
      for (const [subject, receive] of subjects) {
        this.#subscriptions.push(this.#client.subscribe(subject, receive));
      }
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Nothing is heard any more. */
  stop(): void {
    for (const subscription of this.#subscriptions) this.#client.unsubscribe(subscription);
  }
}
