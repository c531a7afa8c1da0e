import type { Timer } from "../../clock.ts";
import type { BrokerAccess, RawMessage } from "../../door/mod.ts";
import { groupFields, type GroupSettings } from "./group.ts";

/** How often the server hears of the process that gets the messages within the time that it waits for a word. */
const OFTEN = 3;
const PIN = /^Nats-Pin-Id: *([^\s"\\]+)\r?$/m;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Whether other processes come before one with these options. */
function isLower(group: GroupSettings): boolean {
  if (group.kind === "prioritized") return group.priority > 0;
  return group.kind === "overflow" && group.minPending + group.minAckPending > 0;
}

/** One process in the group of a consumer: what its requests say, and whether it is the one that gets the messages. */
export class GroupMember {
  readonly #access: BrokerAccess;
  readonly #subject: string;
  readonly #fields: string;
  readonly #interval: number;
  readonly #isLower: boolean;
  #gaveWay = false;
  /** Names the place of the one that gets the messages; empty for one that stands by. */
  #pin = "";
  #timer: Timer | undefined;

  /** `subject` is where the consumer is asked. */
  constructor(access: BrokerAccess, subject: string, group: GroupSettings) {
    this.#access = access;
    this.#subject = subject;
    this.#fields = groupFields(group);
    // only a pin has to be kept
    this.#interval = group.kind === "pinned" ? group.timeout / OFTEN : 0;
    this.#isLower = isLower(group);
  }

  /** What each request says besides, as the rest of its JSON object. */
  get fields(): string {
    const pin = this.#pin === "" ? "" : `,"id":"${this.#pin}"`;
    return this.#fields + pin;
  }

  /** Whether this process is the one that gets the messages, as far as it knows. */
  get isPinned(): boolean {
    return this.#pin !== "";
  }

  /**
   * Whether to give others time to make the consumer again, as they get messages before this process does, and know better
   * how far it has come; every other time, as there may be nobody.
   */
  givesWay(): boolean {
    const standsBy = this.#interval > 0 ? this.#pin === "" : this.#isLower;
    return this.#gaveWay = standsBy && !this.#gaveWay;
  }

  /** Reads from a delivery which process gets the messages; returns whether that has just become this one. */
  note({ headerBlock }: RawMessage): boolean {
    // a header of that name is the program's own then
    if (this.#interval === 0) return false;
    const [, pin = ""] = headerBlock ? PIN.exec(decoder.decode(headerBlock)) ?? [] : [];
    if (pin === "" || pin === this.#pin) return false;
    this.#pin = pin;
    this.#timer ??= this.#access.clock.setTimeout(this.#keep, this.#interval);
    return true;
  }

  /** Another process gets the messages, or nobody. */
  lose(): void {
    this.#pin = "";
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /**
   * The server counts requests for messages only as signs of life, and there is none to be made while every place is
   * taken. One that has expired when it arrives is a sign, and gets no message.
   */
  readonly #keep = (): void => {
    this.#timer = this.#access.clock.setTimeout(this.#keep, this.#interval);
    const request = encoder.encode(`{"batch":1,"expires":1${this.fields}}`);
    try {
      // nobody listens there: a refusal comes to the next request, too
      const replyTo = this.#access.newInbox();
      this.#access.publish(this.#subject, request, { replyTo, isRepeated: true });
    } catch {
      // the next request for messages reports the failure
    }
  };
}
