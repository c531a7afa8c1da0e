import type { Timer } from "../../clock.ts";
import type { BrokerAccess, RawMessage } from "../../door/mod.ts";
import { groupFields, type GroupSettings } from "./group.ts";

/** How many signs of life the active process sends within the timeout. */
const OFTEN = 3;
const PIN = /^Nats-Pin-Id: *([^\s"\\]+)\r?$/m;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Whether another process may get messages before a process with these options. */
function isLower(group: GroupSettings): boolean {
  if (group.kind === "prioritized") return group.priority > 0;
  return group.kind === "overflow" && group.minPending + group.minAckPending > 0;
}

/** One process in the group of a consumer: the fields of its requests, and whether it is the active process. */
export class GroupMember {
  readonly #access: BrokerAccess;
  readonly #subject: string;
  readonly #fields: string;
  readonly #interval: number;
  readonly #isLower: boolean;
  #gaveWay = false;
  /** The server's id of the pin if this process is the active one; empty otherwise. */
  #pin = "";
  #timer: Timer | undefined;

  /** `subject` is the subject of the requests. */
  constructor(access: BrokerAccess, subject: string, group: GroupSettings) {
    this.#access = access;
    this.#subject = subject;
    this.#fields = groupFields(group);
    // only a pin needs signs of life
    this.#interval = group.kind === "pinned" ? group.timeout / OFTEN : 0;
    this.#isLower = isLower(group);
  }

  /** The additional fields of each request, as the rest of its JSON object. */
  get fields(): string {
    const pin = this.#pin === "" ? "" : `,"id":"${this.#pin}"`;
    return this.#fields + pin;
  }

  /** Whether this process is the active one, as far as it knows. */
  get isPinned(): boolean {
    return this.#pin !== "";
  }

  /**
   * Whether to wait so that another process makes the deleted consumer again: a process that gets messages first knows
   * better where to go on. `true` only every other time, because there may be no other process.
   */
  givesWay(): boolean {
    const standsBy = this.#interval > 0 ? this.#pin === "" : this.#isLower;
    return this.#gaveWay = standsBy && !this.#gaveWay;
  }

  /** Reads the pin from a delivery; returns whether this process has just become the active one. */
  note({ headerBlock }: RawMessage): boolean {
    // without a pin, a header of this name belongs to the program
    if (this.#interval === 0) return false;
    const [, pin = ""] = headerBlock ? PIN.exec(decoder.decode(headerBlock)) ?? [] : [];
    if (pin === "" || pin === this.#pin) return false;
    this.#pin = pin;
    this.#timer ??= this.#access.clock.setTimeout(this.#keep, this.#interval);
    return true;
  }

  /** Notes that this process is no longer the active one. */
  lose(): void {
    this.#pin = "";
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /**
   * Sends a sign of life. The server counts only requests for messages, and this process makes none while all its places
   * are taken. So it sends a request that has expired on arrival, which gets no message.
   */
  readonly #keep = (): void => {
    this.#timer = this.#access.clock.setTimeout(this.#keep, this.#interval);
    const request = encoder.encode(`{"batch":1,"expires":1${this.fields}}`);
    try {
      // nobody listens to this inbox; the next real request gets the same refusal
      const replyTo = this.#access.newInbox();
      this.#access.publish(this.#subject, request, { replyTo, isRepeated: true });
    } catch {
      // the next request for messages reports the failure
    }
  };
}
