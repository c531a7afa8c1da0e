import type { Clock, Timer } from "../../clock.ts";
import type { Backlog } from "./backlog.ts";
import { Outbound } from "./outbound.ts";
import type { Wire } from "./wire.ts";

/** How long, in milliseconds, a client may take to read the last words and go. */
const LINGER = 1_000;

/** The wire broke, or the client did not take what was sent. */
export type Loss = "broken" | "slow";

/** What the sending side of a client needs of its server. */
export interface SendingPlan {
  /** How many bytes may wait. */
  readonly maxPending: number;
  /** Those of all clients. */
  readonly backlog: Backlog;
  readonly clock: Clock;
}

/** The sending side of a client: what is put into {@linkcode out} leaves in batches, bounded. */
export class Connection {
  /** Put bytes here, then call {@linkcode send}. */
  readonly out: Outbound = new Outbound();
  readonly #wire: Wire;
  readonly #plan: SendingPlan;
  readonly #onLost: (why: Loss) => void;
  #writing = 0;
  #scheduled = false;
  #state: "open" | "ending" | "ended" | "closed" = "open";
  #lingering: Timer | undefined;
  #waiting: (() => void)[] = [];

  /** `onLost` is told when it closes by itself, and not when it is closed from here. */
  constructor(wire: Wire, plan: SendingPlan, onLost: (why: Loss) => void) {
    this.#wire = wire;
    this.#plan = plan;
    this.#onLost = onLost;
  }

  /** Bytes the client has yet to take. */
  get pending(): number {
    return this.out.length + this.#writing;
  }

  /** The real server has producers wait for a client that is past three quarters of its bound. */
  get congested(): boolean {
    return this.#state === "open" && this.pending > this.#plan.maxPending * 0.75;
  }

  /** Puts a line and has it leave. */
  say(line: string): void {
    this.out.line(line);
    this.send();
  }

  /**
   * Has what was put leave soon: together with all else that the chunk in hand brings about. The
   * real server drops a slow consumer without a word, which it would not read anyway.
   */
  send(): void {
    if (this.#state === "ended" || this.#state === "closed") return;
    if (this.pending > this.#plan.maxPending) return this.lose("slow");
    this.#plan.backlog.note(this, this.pending);
    if (this.#scheduled || this.#writing > 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Settles when some bytes have left, or none will. */
  progress(): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends what waits, then closes. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#lingering = this.#plan.clock.setTimeout(() => this.close(), LINGER);
    this.#lingering.unref();
    this.send();
  }

  /** Closes at once; what waits is lost. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#lingering?.clear();
    this.#plan.backlog.note(this, 0);
    // its wire may linger, and keeps hold of this
    this.out.discard();
    this.#wire.close();
    this.#settle();
  }

  /** Closes at once, and tells. */
  lose(why: Loss): void {
    if (this.#state === "closed") return;
    this.close();
    this.#onLost(why);
  }

  #flush(): void {
    if (this.#state === "closed" || this.#writing > 0) return;
    if (this.out.length === 0) {
      if (this.#state === "ending") {
        this.#state = "ended";
        this.#wire.end();
      }
      return;
    }
    const bytes = this.out.take();
    const written = this.#wire.write(bytes);
    if (!written) return this.#written(bytes);
    this.#writing = bytes.length;
    written.then(() => this.#written(bytes), () => this.lose("broken"));
  }

  #written(bytes: Uint8Array): void {
    this.#writing = 0;
    if (this.#state === "closed") return;
    this.out.release(bytes);
    this.#plan.backlog.note(this, this.pending);
    this.#settle();
    this.#flush();
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
