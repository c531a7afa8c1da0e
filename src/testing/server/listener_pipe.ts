import type { Pipe } from "./pipe.ts";
import { PipeSocket } from "./pipe_socket.ts";
import type { Accept } from "./wire.ts";

/** Takes in connections from this process. */
export class PipeListener {
  readonly #accept: Accept;
  readonly #dialing = new Map<Pipe, ReturnType<typeof setTimeout>>();
  readonly #open = new Set<Pipe>();

  constructor(accept: Accept) {
    this.#accept = accept;
  }

  /** Dials; whether it is taken in shows a turn of the event loop later, as on a network. */
  dial(): WebSocket {
    const socket = new PipeSocket();
    const { pipe } = socket;
    this.#open.add(pipe);
    this.#dialing.set(pipe, setTimeout(() => this.#answer(pipe), 0));
    pipe.gone.then(() => this.#forget(pipe));
    return socket;
  }

  /** Refuses who is still dialing and settles when nothing is left of the others. */
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
    clearTimeout(this.#dialing.get(pipe));
    this.#dialing.delete(pipe);
  }
}
