import { advise, newId } from "../advisories.ts";
import { NEVER, writeTime } from "../time.ts";
import type { ConsumerState } from "./state.ts";

/** The delivery that an advisory is about. */
export interface Told {
  readonly number: number;
  readonly seq: number;
  readonly deliveries: number;
}

/** Publishes a consumer's advisories and metrics. */
export class Announcements {
  readonly #state: ConsumerState;

  constructor(state: ConsumerState) {
    this.#state = state;
  }

  created(): void {
    this.#tell("CREATED", "consumer_action", { action: "create" });
  }

  deleted(): void {
    this.#tell("DELETED", "consumer_action", { action: "delete" });
  }

  /** Reports that the consumer was paused or resumed. */
  paused(): void {
    const { config, isPaused } = this.#state;
    const facts = { paused: isPaused, pause_until: config.pause_until ?? NEVER };
    this.#tell("PAUSE", "consumer_pause", facts);
  }

  /** Reports that a message has reached `max_deliver`. */
  exhausted(seq: number, deliveries: number): void {
    this.#tell("MAX_DELIVERIES", "max_deliver", { stream_seq: seq, deliveries });
  }

  /** Reports a nak. */
  refused(told: Told): void {
    this.#tell("MSG_NAKED", "nak", factsOf(told));
  }

  /** Reports a terminated message. */
  terminated(told: Told, reason: string): void {
    this.#tell("MSG_TERMINATED", "terminated", {
      ...factsOf(told),
      ...reason !== "" && { reason },
    });
  }

  pinned(group: string, id: string): void {
    this.#tell("PINNED", "consumer_group_pinned", { group, pinned_id: id }, true);
  }

  unpinned(group: string, reason: "timeout" | "admin"): void {
    this.#tell("UNPINNED", "consumer_group_unpinned", { group, reason }, true);
  }

  /** Publishes a sample of how long an acknowledgement took. */
  acknowledged(told: Told, delivered: number): void {
    const { context, stream, name } = this.#state;
    const subject = `$JS.EVENT.METRIC.CONSUMER.ACK.${stream.name}.${name}`;
    if (!context.client.reaches(subject)) return;
    const now = context.clock.wallTime();
    const { consumer_seq, stream_seq, deliveries } = factsOf(told);
    const metric = {
      type: "io.nats.jetstream.metric.v1.consumer_ack",
      id: newId(),
      timestamp: writeTime(now),
      stream: stream.name,
      consumer: name,
      consumer_seq,
      stream_seq,
      ack_time: Math.round((now - delivered) * 1_000) * 1_000,
      deliveries,
    };
    context.client.publish(subject, { body: JSON.stringify(metric) });
  }

  #tell(what: string, type: string, facts: object, ofAccount = false): void {
    const { context, stream, name } = this.#state;
    advise(context, `CONSUMER.${what}.${stream.name}.${name}`, type, {
      ...ofAccount && { account: "$G" },
      stream: stream.name,
      consumer: name,
      ...facts,
    });
  }
}

function factsOf({ number, seq, deliveries }: Told) {
  return { consumer_seq: number, stream_seq: seq, deliveries };
}
