import { within } from "../deadline.ts";
import { asError } from "../legible.ts";
import type { BrokerContext } from "../source/context.ts";
import type { BrokerAccess, Needs } from "../source/source.ts";
import type { Registry } from "./registry.ts";

/** What a door, such as JetStream, does with a broker that it is registered with. */
export interface Door {
  readonly name: string;
  /** What the server must permit. */
  readonly needs?: Needs;
  /** Runs at each start, once everything is subscribed; a failure fails the start. */
  start?(access: BrokerAccess): void | Promise<void>;
  /**
   * Runs at each stop, within so many milliseconds: the handlers have ended, and the connection is there. The last door
   * to be registered stops first.
   */
  stop?(timeout: number): void | Promise<void>;
  /** What the description of the broker says of it: plain data. */
  describe?(): Readonly<Record<string, unknown>>;
  /** Its counts. */
  stats?(): Readonly<Record<string, number>>;
}

/** The doors of one broker. */
export class Doors {
  readonly #doors: Door[] = [];
  readonly #started: Door[] = [];

  get all(): readonly Door[] {
    return this.#doors;
  }

  /**
   * Registers a door.
   *
   * @throws {TypeError} if one of this name is registered already
   */
  add(door: Door): void {
    if (this.#doors.some(({ name }) => name === door.name)) {
      throw new TypeError(`Cannot register a door as its name must be new: "${door.name}"`);
    }
    this.#doors.push(door);
  }

  async start(context: BrokerContext): Promise<void> {
    for (const door of this.#doors) {
      if (this.#started.includes(door)) continue;
      this.#started.push(door);
      await door.start?.(context);
    }
  }

  /** Stops those that have started, one after the other; a door that fails or is too slow keeps no other from it. */
  async stop(registry: Registry, remaining: () => number): Promise<void> {
    if (this.#started.length === 0) return;
    const { context } = registry;
    for (const door of this.#started.splice(0).reverse()) {
      const timeout = remaining();
      const stopped = Promise.try(() => door.stop?.(timeout));
      const { clock } = context;
      await within(stopped, { clock, timeout }, `stop the door "${door.name}"`)
        .catch((error) => context.report(asError(error)));
    }
  }
}
