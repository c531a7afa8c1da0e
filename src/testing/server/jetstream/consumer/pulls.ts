import { Agenda } from "../agenda.ts";
import type { Pin } from "./pin.ts";
import {
  checkPull,
  PullRefused,
  type PullRequest,
  rankOf,
  readPull,
  sizeOf,
} from "./pull_request.ts";
import { heartbeatBlock } from "./push.ts";
import type { ConsumerState } from "./state.ts";

/** The waiting pull requests. */
export class Pulls {
  /** When the last request or delivery happened, in milliseconds since 1970. */
  lastActive = 0;
  readonly #state: ConsumerState;
  readonly #pin: Pin;
  #waiting: PullRequest[] = [];
  /** When each request expires or gets its next heartbeat. */
  readonly #due = new Agenda<PullRequest>();
  /** The number of requests with `no_wait` semantics. */
  #hurried = 0;
  /** When requests that may no longer wait were last swept. */
  #looked = 0;
  #held = 0;

  constructor(state: ConsumerState, pin: Pin) {
    this.#state = state;
    this.#pin = pin;
  }

  /** The number of waiting requests. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return this.#held;
  }

  /** Queues a request, or responds with the reason why not; `false` if no request was queued. */
  receive(reply: string, body: Uint8Array): boolean {
    const now = this.#now;
    try {
      const request = readPull(reply, body, now);
      checkPull(this.#state.config, request, now);
      this.#checkPin(request);
      this.#checkWait(request);
      this.#checkRoom(request);
      this.#add(request);
      this.lastActive = now;
      return true;
    } catch (error) {
      if (!(error instanceof PullRefused)) throw error;
      if (error.message !== "") this.#say(reply, error.message);
      return false;
    }
  }

  /** The request that receives the next message of this size; requests that cannot receive it get a status. */
  take(size: number): PullRequest | undefined {
    const { context: { client }, config: { priority_policy } } = this.#state;
    const needsPin = priority_policy === "pinned_client" && this.#pin.id === "";
    for (let passed = 0; this.#waiting.length > 0 && passed < this.#waiting.length;) {
      const request = this.#waiting[0]!;
      if (request.expires !== undefined && request.expires <= this.#now) {
        this.#end(request, "408 Request Timeout");
        continue;
      }
      const turn = this.#turnOf(request, needsPin);
      if (turn === "wrong") {
        this.#end(request, "423 Nats-Wrong-Pin-Id");
        continue;
      }
      if (turn === "later") {
        this.#waiting.push(this.#waiting.shift()!);
        passed++;
        continue;
      }
      if (request.bytes > 0 && size > request.bytes) {
        if (needsPin) this.#pin.clear();
        this.#end(request, "409 Message Size Exceeds MaxBytes");
        continue;
      }
      if (client.reaches(request.reply)) return this.#serve(request, size);
      this.#remove(request);
    }
    return undefined;
  }

  /** Gives back the credit of a delivery that failed. */
  credit(reply: string): void {
    const request = this.#waiting.find((one) => one.reply === reply);
    if (!request) return;
    request.batch++;
    request.delivered--;
  }

  /**
   * Removes requests that may no longer wait; `isEnd` means that no message is left. Returns the messages that the
   * others want.
   */
  sweep(isEnd: boolean): number {
    const now = this.#looked = this.#now;
    let wanted = 0;
    for (const request of [...this.#waiting]) {
      if (request.expires !== undefined && request.expires <= now) {
        this.#end(request, "408 Request Timeout");
      } else if (isEnd && request.noWait && (!request.expires || request.delivered > 0)) {
        this.#remove(request);
        this.#say(request.reply, "404 No Messages");
      } else if (!this.#state.context.client.reaches(request.reply)) {
        this.#remove(request);
      } else {
        wanted += request.batch;
        this.#beat(request, now);
      }
    }
    return wanted;
  }

  /** When the next request expires or gets a heartbeat. */
  get next(): number | undefined {
    return this.#due.next;
  }

  /** Removes requests that may no longer wait, if there can be any. */
  settle(isEnd: boolean): void {
    if ((isEnd && this.#hurried > 0) || (this.next ?? Infinity) <= this.#now) this.sweep(isEnd);
  }

  /** Responds to all requests that the consumer is gone. */
  stop(): void {
    for (const { reply } of this.#waiting) this.#say(reply, "409 Consumer Deleted");
    this.#waiting = [];
    this.#due.clear();
    this.#hurried = 0;
    this.#held = 0;
  }

  get #now(): number {
    return this.#state.context.clock.wallTime();
  }

  /**
   * Whether the request may receive the message: only from the pinned client, and with overflow only above its
   * thresholds.
   */
  #turnOf(request: PullRequest, needsPin: boolean): "now" | "later" | "wrong" {
    const { config: { priority_policy }, remaining, pending } = this.#state;
    const pin = this.#pin;
    if (needsPin) {
      if (request.pin !== "") return "wrong";
      pin.give(request);
    } else if (pin.id !== "" && request.pin !== pin.id) {
      return request.pin === "" ? "later" : "wrong";
    }
    if (priority_policy !== "overflow") return "now";
    const { min_pending = 0, min_ack_pending = 0 } = request.priority ?? {};
    if (min_pending <= 0 && min_ack_pending <= 0) return "now";
    const isEnough = (min_pending > 0 && min_pending <= remaining.count + 1) ||
      (min_ack_pending > 0 && min_ack_pending <= pending.size);
    return isEnough ? "now" : "later";
  }

  #serve(request: PullRequest, size: number): PullRequest {
    if (request.bytes > 0) {
      request.bytes -= size;
      if (request.bytes === 0) request.batch = 1;
    }
    request.delivered++;
    request.batch--;
    if (request.heartbeat > 0) request.nextHeartbeat = this.#now + request.heartbeat;
    this.#remove(request);
    if (request.batch > 0) this.#add(request);
    return request;
  }

  /** Queues it by arrival, or by priority. */
  #add(request: PullRequest): void {
    this.#held += sizeOf(request);
    if (request.noWait) this.#hurried++;
    this.#plan(request);
    if (this.#state.config.priority_policy !== "prioritized") {
      this.#waiting.push(request);
      return;
    }
    const rank = rankOf(request);
    const at = this.#waiting.findIndex((other) => rankOf(other) > rank);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, request);
  }

  #remove(request: PullRequest): void {
    const at = this.#waiting.indexOf(request);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#held -= sizeOf(request);
    if (request.noWait) this.#hurried--;
    this.#due.delete(request);
  }

  #plan(request: PullRequest): void {
    const { expires = Infinity, heartbeat, nextHeartbeat } = request;
    const due = Math.min(expires, heartbeat > 0 ? nextHeartbeat : Infinity);
    if (due < Infinity) this.#due.set(request, due);
  }

  #checkPin({ pin, priority }: PullRequest): void {
    if (this.#state.config.priority_policy === "none" || !priority || this.#pin.id === "") return;
    if (pin === this.#pin.id) this.#pin.renew(priority.group ?? "");
    else if (pin !== "") throw new PullRefused("423 Nats-Pin-Id mismatch");
  }

  #checkRoom({ heartbeat }: PullRequest): void {
    const { config: { max_waiting }, context: { memory } } = this.#state;
    if (this.size >= max_waiting && this.#now - this.#looked > 1_000) this.sweep(false);
    if (this.size < max_waiting && !memory.isExceeded) return;
    // a client with heartbeats notices when they stop
    throw new PullRefused(heartbeat === 0 ? "409 Exceeded MaxWaiting" : "");
  }

  #checkWait({ noWait, expires }: PullRequest): void {
    if (!noWait) return;
    const { remaining, redelivery } = this.#state;
    const available = remaining.count + redelivery.waiting;
    if (available === 0 && expires !== undefined) return;
    this.lastActive = this.#now;
    if (available === 0) throw new PullRefused("404 No Messages");
    if (available < this.sweep(false)) throw new PullRefused("408 Requests Pending");
  }

  #beat(request: PullRequest, now: number): void {
    if (request.heartbeat === 0 || request.nextHeartbeat > now) return;
    this.#state.context.client.publish(request.reply, {
      headers: heartbeatBlock(this.#state.progress),
    });
    request.nextHeartbeat = now + request.heartbeat;
    this.#plan(request);
  }

  #end(request: PullRequest, status: string): void {
    this.#remove(request);
    this.#say(request.reply, status, request);
  }

  #say(reply: string, status: string, left?: PullRequest): void {
    const headers = left && {
      "Nats-Pending-Messages": left.batch,
      "Nats-Pending-Bytes": left.bytes,
    };
    this.#state.context.client.say(reply, status, headers);
  }
}
