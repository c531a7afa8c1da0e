import { Backlog, type Bounds } from "../backlog.ts";
import { keep, type Packet, sizeOf } from "../message/packet.ts";

/** What an intake hands over to. */
export interface Worker {
  run(packet: Packet): Promise<void>;
  /** There is no room for this one. */
  overflow(packet: Packet): void;
}

/**
 * Lets so many messages at a time through to the handler, and so many wait. The client's read loop is never
 * made to wait: a slow handler must not keep the answers of other requests from being read.
 */
export class Intake {
  readonly #worker: Worker;
  readonly #concurrency: number;
  readonly #bounds: Bounds;
  readonly #backlog = new Backlog<Packet>();
  #running = 0;
  #idle: (() => void) | undefined;

  constructor(worker: Worker, concurrency: number, bounds: Bounds) {
    this.#worker = worker;
    this.#concurrency = concurrency;
    this.#bounds = bounds;
  }

  /** Takes a message in: to the handler, to the backlog, or not at all. */
  take(packet: Packet): void {
    if (this.#running < this.#concurrency) return this.#start(packet);
    const size = sizeOf(packet);
    if (this.#backlog.fits(size, this.#bounds)) this.#backlog.push(keep(packet), size);
    else this.#worker.overflow(packet);
  }

  /** Resolves once every message that was taken has been seen through. */
  drained(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    return promise;
  }

  #start(packet: Packet): void {
    this.#running++;
    void this.#worker.run(packet).then(() => this.#finished());
  }

  #finished(): void {
    this.#running--;
    const next = this.#backlog.shift();
    if (next) this.#start(next);
    else if (this.#running === 0) this.#idle?.();
  }
}
