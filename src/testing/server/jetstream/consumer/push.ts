import { Alarm } from "../alarm.ts";
import { newId } from "../advisories.ts";
import { headerText, statusBlock } from "../header_block.ts";
import type { Published } from "../message.ts";
import { NANOSECONDS } from "../time.ts";
import type { Progress } from "./progress.ts";
import type { ConsumerState } from "./state.ts";

/** How much may be on its way to a client that says what it has taken in: at most, and to begin with. */
const MOST_BYTES = 32 * 1_024 * 1_024;
const FIRST_BYTES = MOST_BYTES / 16;
const ID_LENGTH = 4;

/** What acknowledgements by flow control bring about. */
export type FlowAcknowledged = (seq: number, number: number) => void;

/** Delivers to whoever subscribes to the consumer's subject: whether anybody does, and how much may be on its way. */
export class Push {
  /** Is anybody there? */
  isActive = false;
  readonly #state: ConsumerState;
  readonly #changed: () => void;
  readonly #heartbeat: Alarm;
  #unwatch: (() => void) | undefined;
  #onTheWay = 0;
  #most = FIRST_BYTES;
  /** Where the client says that it has taken in what came until it was asked; empty where it was not asked. */
  #asked = "";
  #atAsking = 0;

  /** `changed` hears when somebody comes or goes, or more may be delivered. */
  constructor(state: ConsumerState, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
    this.#heartbeat = new Alarm(state.context.clock, () => this.#beat());
  }

  /** Looks for those who listen, from now on. */
  start(): void {
    this.#watch();
    this.look();
    this.#rest();
  }

  /** Delivers to another subject from now on; who listens there is seen a little later. */
  move(): void {
    this.#watch();
    queueMicrotask(() => this.look());
  }

  /** Is somebody there now? */
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

  /** May more be delivered? */
  get isOpen(): boolean {
    return this.isActive && !(this.#state.config.flow_control && this.#onTheWay > this.#most);
  }

  /** So many bytes were delivered. */
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

  /** A client says that it has taken in what came. */
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

  /** Delivers nothing any more. */
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

/** What tells that the consumer is there while it has nothing to deliver, and whether it waits to be answered. */
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
