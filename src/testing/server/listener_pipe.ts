import type { Clock, Timer } from "../../clock.ts";
import type { Pipe, Travel } from "./pipe.ts";
import { PipeSocket } from "./pipe_socket.ts";
import type { Accept } from "./wire.ts";

/** Takes in connections from this process. */
export class PipeListener {
  readonly #accept: Accept;
  readonly #clock: Clock;
  readonly #travel: Travel | undefined;
  readonly #dialing = new Map<Pipe, Timer>();
  readonly #open = new Set<Pipe>();

  /** `travel` counts what is on its way, for a clock that waits for it. */
  constructor(accept: Accept, clock: Clock, travel: Travel | undefined) {
    this.#accept = accept;
    this.#clock = clock;
    this.#travel = travel;
  }

  /** Dials; the answer comes a turn of the event loop later, as on a network. */
  dial(): WebSocket {
    const socket = new PipeSocket(this.#travel);
    const { pipe } = socket;
    this.#open.add(pipe);
    this.#dialing.set(pipe, this.#clock.setTimeout(() => this.#answer(pipe), 0));
    pipe.gone.then(() => this.#forget(pipe));
    return socket;
  }

  /** Refuses connections that are still dialling, and settles once all others have ended. */
  async stop(): Promise<void> {
    for (const pipe of this.#dialing.keys()) this.#answer(pipe);
    await Promise.all(Array.from(this.#open, (pipe) => pipe.gone));
  }

  #answer(pipe: Pipe): void {
    this.#hangUp(pipe);
    pipe.open(this.#accept);
  }

  #forget(pipe: Pipe): void {
    this.#hangUp(pipe);
    this.#open.delete(pipe);
  }

  #hangUp(pipe: Pipe): void {
    this.#dialing.get(pipe)?.clear();
    this.#dialing.delete(pipe);
  }
}
