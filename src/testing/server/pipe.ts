import { afterTurn } from "../../clock.ts";
import { print } from "../../legible.ts";
import type { Accept, Receiver, Wire } from "./wire.ts";

/** How many bytes the server reads at a time, so that its consumers can read in between. */
const SLICE = 64 * 1024;
/** After how many bytes to let timers and sockets run. */
const TURN = 1024 * 1024;

/** The client's end of a pipe: gets its calls in order, and never within a call of its own. */
export interface PipeEnd {
  opened(): void;
  /** The callee may keep the bytes. */
  arrived(bytes: Uint8Array<ArrayBuffer>): void;
  /** The last call; `clean` unless the connection was cut. */
  closed(clean: boolean): void;
}

/** Gets what is on its way in memory, and waits for it. */
export interface Travel {
  /** Something is on its way, or has arrived. */
  noticed(): void;
  /** This is under way until it settles. */
  underWay<T>(run: () => Promise<T>): Promise<T>;
}

/** A connection in memory: what one end sends arrives at the other a moment later, as on a network. */
export class Pipe implements Wire {
  readonly address: undefined = undefined;
  readonly #end: PipeEnd;
  readonly #travel: Travel | undefined;
  readonly #inbound: Uint8Array[] = [];
  #inboundSize = 0;
  #receiver: Receiver | undefined;
  #pumping = false;
  #leaving = false;
  #closed = false;
  readonly #gone = Promise.withResolvers<void>();

  constructor(end: PipeEnd, travel?: Travel) {
    this.#end = end;
    this.#travel = travel;
  }

  /** The bytes sent that the server has not read yet. */
  get buffered(): number {
    return this.#inboundSize;
  }

  /** Settles after the last call. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Asks to be taken in. */
  open(accept: Accept): void {
    if (this.#closed) return;
    this.#receiver = accept(this);
    if (!this.#receiver) return this.#finish(false);
    this.#end.opened();
  }

  /** The client sends. Copies the bytes, as the client may reuse them. */
  send(bytes: Uint8Array): void {
    this.#inboundSize += bytes.length;
    if (this.#closed || this.#leaving) return;
    this.#inbound.push(bytes.slice());
    this.#pump();
  }

  /** The client closes, once the server has read what it sent. */
  leave(): void {
    if (!this.#receiver) return this.#finish(false);
    this.#leaving = true;
    this.#pump();
  }

  write(bytes: Uint8Array): Promise<void> {
    const own = new Uint8Array(bytes);
    this.#travel?.noticed();
    return Promise.resolve().then(() => {
      if (!this.#closed) this.#end.arrived(own);
    });
  }

  end(): void {
    this.#finish(true);
  }

  close(): void {
    this.#finish(this.#leaving);
  }

  #finish(clean: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbound.length = 0;
    this.#travel?.noticed();
    queueMicrotask(() => {
      this.#receiver?.ended();
      this.#end.closed(clean);
      if (!this.#pumping) this.#gone.resolve();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      const run = () => this.#run();
      (this.#travel ? this.#travel.underWay(run) : run()).catch((error) => {
        // invalid data ends this connection alone
        print(error);
        this.#pumping = false;
        this.#finish(false);
      });
    });
  }

  async #run(): Promise<void> {
    let turn = 0;
    for (let bytes = this.#inbound.shift(); bytes; bytes = this.#inbound.shift()) {
      for (let at = 0; at < bytes.length && !this.#closed; at += SLICE) {
        const slice = bytes.subarray(at, at + SLICE);
        this.#inboundSize -= slice.length;
        await this.#receiver?.receive(slice);
        turn += slice.length;
        if (turn < TURN) continue;
        turn = 0;
        await new Promise<void>(afterTurn);
      }
    }
    this.#pumping = false;
    if (this.#closed) this.#gone.resolve();
    else if (this.#leaving) this.#finish(true);
  }
}
