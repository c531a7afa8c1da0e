import type { InternalClient, InternalSubscription, Receive } from "../internal_client.ts";
import { ackSubjects, flowControlSubjects } from "./ack_subject.ts";
import { isAcknowledged } from "./config.ts";
import type { ConsumerState } from "./state.ts";

/** The handlers of what clients send to a consumer. */
export interface Heard {
  /** Handles every kind of acknowledgement. */
  readonly acknowledged: Receive;
  /** Handles pull requests. */
  readonly asked: Receive;
  /** Handles reset requests. */
  readonly reset: Receive;
  /** Handles flow control responses. */
  readonly takenIn: Receive;
}

/** A consumer's subscriptions. */
export class Listening {
  readonly #client: InternalClient;
  readonly #subscriptions: InternalSubscription[] = [];

  /** Throws an `ApiError` if the server has no room for another subscription. */
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

  /** Removes all subscriptions. */
  stop(): void {
    for (const subscription of this.#subscriptions) this.#client.unsubscribe(subscription);
  }
}
