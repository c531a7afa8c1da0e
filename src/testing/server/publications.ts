import type { PublishLine } from "./protocol.ts";

/** Gets what clients publish; the payload is a view of what was read, so copy what you keep. */
export type Witness = (line: PublishLine, payload: Uint8Array) => void;

/** Shows a test what the clients of one server publish. */
export class Publications {
  #witness: Witness | undefined;

  /** Calls back for each permitted publication from now on. */
  watch(witness: Witness): void {
    this.#witness = witness;
  }

  note(line: PublishLine, payload: Uint8Array): void {
    this.#witness?.(line, payload);
  }
}

/** By their servers: programs must not see them as members. */
export const publicationsOf = new WeakMap<object, Publications>();
