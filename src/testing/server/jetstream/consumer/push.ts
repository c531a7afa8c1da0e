import { Alarm } from "../alarm.ts";
import { newId } from "../advisories.ts";
import { headerText, statusBlock } from "../header_block.ts";
import type { Published } from "../message.ts";
import { NANOSECONDS } from "../time.ts";
import type { Progress } from "./progress.ts";
import type { ConsumerState } from "./state.ts";

/** The flow control window in bytes: its maximum, and its initial size. */
const MOST_BYTES = 32 * 1_024 * 1_024;
const FIRST_BYTES = MOST_BYTES / 16;
const ID_LENGTH = 4;

/** Acknowledges messages on a flow control response. */
export type FlowAcknowledged = (seq: number, number: number) => void;

/** The receiving side of a push consumer: whether a client is subscribed, and how many bytes may be in flight. */
export class Push {
  /** Whether a client is subscribed. */
  isActive = false;
  readonly #state: ConsumerState;
  readonly #changed: () => void;
  readonly #heartbeat: Alarm;
  #unwatch: (() => void) | undefined;
  #onTheWay = 0;
  #most = FIRST_BYTES;
  /** The reply subject of the outstanding flow control request; empty if there is none. */
  #asked = "";
  #atAsking = 0;

  /** Calls `changed` when the subscriptions change, or when more may be delivered. */
  constructor(state: ConsumerState, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
    this.#heartbeat = new Alarm(state.context.clock, () => this.#beat());
  }

  /** Starts to watch the deliver subject's subscriptions. */
  start(): void {
    this.#watch();
    this.look();
    this.#rest();
  }

  /** Switches to another deliver subject; its subscriptions are checked a little later. */
  move(): void {
    this.#watch();
    queueMicrotask(() => this.look());
  }

  /** Checks whether a client is subscribed now. */
  look(): void {
    if (!this.#unwatch) return;
    const { context: { client }, config: { deliver_subject, deliver_group } } = this.#state;
    const isActive = client.isSubscribed(
      deliver_subject,
      deliver_group === "" ? undefined : deliver_group,
    );
    if (isActive === this.isActive) return;
    this.isActive = isActive;
    this.#changed();
  }

  /** Whether another message may be delivered. */
  get isOpen(): boolean {
    return this.isActive && !(this.#state.config.flow_control && this.#onTheWay > this.#most);
  }

  /** Counts delivered bytes. */
  delivered(size: number): void {
    this.#rest();
    const { config: { flow_control, ack_policy } } = this.#state;
    if (!flow_control) return;
    this.#onTheWay += size;
    if (this.#asked !== "") {
      if (this.#onTheWay - this.#atAsking >= this.#most) this.#atAsking += size;
    } else if (
      this.#onTheWay > this.#most / 2 || (ack_policy === "flow_control" && this.#state.isFull)
    ) {
      this.#ask();
    }
  }

  /** Handles a client's flow control response. */
  answered({ subject, headers }: Published, acknowledged: FlowAcknowledged): void {
    if (subject !== this.#asked) return;
    this.#most = Math.min(this.#most * 2, MOST_BYTES);
    this.#onTheWay = Math.max(this.#onTheWay - this.#atAsking, 0);
    this.#asked = "";
    this.#atAsking = 0;
    this.#changed();
    if (this.#state.config.ack_policy !== "flow_control") return;
    const seq = numberIn(headers, "Nats-Last-Stream");
    if (seq > 0) acknowledged(seq, numberIn(headers, "Nats-Last-Consumer"));
  }

  /** Stops watching. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#heartbeat.stop();
    this.isActive = false;
  }

  #watch(): void {
    const { context: { client }, config: { deliver_subject } } = this.#state;
    this.#unwatch?.();
    this.#unwatch = client.watch(deliver_subject, () => this.look());
  }

  #rest(): void {
    const { config: { idle_heartbeat }, context: { clock } } = this.#state;
    if (idle_heartbeat > 0) this.#heartbeat.set(clock.wallTime() + idle_heartbeat / NANOSECONDS);
  }

  #beat(): void {
    this.#rest();
    if (!this.isActive) return;
    const { context: { client }, config, progress, pending } = this.#state;
    client.publish(config.deliver_subject, { headers: heartbeatBlock(progress, this.#asked) });
    if (config.ack_policy === "flow_control" && pending.size > 0 && this.#asked === "") this.#ask();
    // like on nats-server, a consumer whose pause was ended early goes on at its next heartbeat
    this.#changed();
  }

  #ask(): void {
    const { context: { client }, config, stream, name } = this.#state;
    this.#atAsking = this.#onTheWay;
    this.#asked = `$JS.FC.${stream.name}.${name}.${newId().slice(0, ID_LENGTH)}`;
    client.publish(config.deliver_subject, {
      reply: this.#asked,
      headers: statusBlock("100 FlowControl Request"),
    });
  }
}

/** The headers of an idle heartbeat; `stalled` is the reply subject of an outstanding flow control request. */
export function heartbeatBlock({ number, next }: Progress, stalled = ""): string {
  return statusBlock("100 Idle Heartbeat", {
    "Nats-Last-Consumer": number - 1,
    "Nats-Last-Stream": next - 1,
    ...stalled !== "" && { "Nats-Consumer-Stalled": stalled },
  });
}

function numberIn(headers: string, name: string): number {
  const text = headerText(headers, name);
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
