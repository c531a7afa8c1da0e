import type { Clock, Timer } from "../../clock.ts";
import type { Backlog } from "./backlog.ts";
import { Outbound } from "./outbound.ts";
import type { Wire } from "./wire.ts";

/** How long a client may take to read the last bytes and close, in milliseconds. */
const LINGER = 1_000;

/** The wire broke, or the client did not read. */
export type Loss = "broken" | "slow";

/** What the sending side of a client needs of its server. */
export interface SendingPlan {
  /** How many bytes may wait. */
  readonly maxPending: number;
  /** Those of all clients. */
  readonly backlog: Backlog;
  readonly clock: Clock;
}

/** The sending side of a client: sends the bytes of {@linkcode out} in batches, within a bound. */
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

  /** Calls `onLost` when it closes by itself, but not after `close()`. */
  constructor(wire: Wire, plan: SendingPlan, onLost: (why: Loss) => void) {
    this.#wire = wire;
    this.#plan = plan;
    this.#onLost = onLost;
  }

  /** The bytes that wait for the client. */
  get pending(): number {
    return this.out.length + this.#writing;
  }

  /** Whether producers must wait for the client: as in nats-server, beyond three quarters of its bound. */
  get congested(): boolean {
    return this.#state === "open" && this.pending > this.#plan.maxPending * 0.75;
  }

  /** Sends a line. */
  say(line: string): void {
    this.out.line(line);
    this.send();
  }

  /**
   * Sends soon what waits, together with everything else that the current chunk causes. Like nats-server it drops a
   * slow consumer without an error message, which that client would not read.
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

  /** Settles once some bytes were sent, or the connection has ended. */
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

  /** Closes at once, and drops what waits. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#lingering?.clear();
    this.#plan.backlog.note(this, 0);
    // the wire may live on for a while, with a reference to this
    this.out.discard();
    this.#wire.close();
    this.#settle();
  }

  /** Closes at once, and calls `onLost`. */
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
