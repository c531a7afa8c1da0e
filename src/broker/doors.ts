import { callable, describe } from "../options.ts";
import type { BrokerContext } from "../source/context.ts";
import type { BrokerAccess, Needs } from "../source/source.ts";
import type { Registry } from "./registry.ts";
import { endInReverse } from "./stop_deadline.ts";

/** What a door, such as JetStream, does with a broker that it is registered with. */
export interface Door {
  readonly name: string;
  /** What the server must permit. */
  readonly needs?: Needs;
  /** Runs at each start, once everything is subscribed; a failure fails the start. */
  start?(access: BrokerAccess): void | Promise<void>;
  /**
   * Runs at each stop, within `timeout` milliseconds: the handlers have ended, and the connection is still open. The
   * last door to be registered stops first.
   */
  stop?(timeout: number): void | Promise<void>;
  /**
   * Runs at the end of each stop, within `timeout` milliseconds, whether or not the door has started: the connection
   * closes next, so that it gives back now what the server would keep.
   */
  leave?(timeout: number): void | Promise<void>;
  /** What `broker.describe()` says of it: plain data. */
  describe?(): Readonly<Record<string, unknown>>;
  /** Its counts, for `broker.stats()`. */
  stats?(): Readonly<Record<string, number>>;
}

const ACTIONS = ["start", "stop", "leave", "describe", "stats"] as const;

/** The doors of one broker. */
export class Doors {
  readonly #doors: Door[] = [];
  /** The starts of those that have started, or are about to. */
  readonly #started = new Map<Door, Promise<void>>();
  /** How often they were stopped. */
  #stops = 0;
  /** Set by a start that has started all doors; aborts when that start is cancelled, or the broker stops. */
  #start: AbortSignal | undefined;

  get all(): readonly Door[] {
    return this.#doors;
  }

  /**
   * Registers a door.
   *
   * @throws {TypeError} if it is no door, or if one of this name is registered already
   */
  add(door: Door): void {
    if (typeof door?.name !== "string" || door.name === "") {
      throw new TypeError(`Cannot register a door as it must have a name: ${describe(door?.name)}`);
    }
    const wrong = ACTIONS.find((action) => door[action] && callable(door[action]));
    if (wrong) {
      const rule = `its "${wrong}" must be a function: ${describe(door[wrong])}`;
      throw new TypeError(`Cannot register the door "${door.name}" as ${rule}`);
    }
    if (this.#doors.some(({ name }) => name === door.name)) {
      throw new TypeError(`Cannot register a door as its name must be unused: "${door.name}"`);
    }
    this.#doors.push(door);
  }

  /** Whether a door that registers now must start at once, as the start of the others is over. */
  get isStarted(): boolean {
    return this.#start?.aborted === false;
  }

  /**
   * Starts those that have not started, one after the other, until they are stopped; one that fails may try again.
   *
   * @param cancelled aborts when the start is cancelled, or the broker stops later
   */
  async start(context: BrokerContext, cancelled = this.#start): Promise<void> {
    const stops = this.#stops;
    for (const door of this.#doors) {
      let started = this.#started.get(door);
      if (!started) {
        const starting = started = Promise.try(() => door.start?.(context));
        this.#started.set(door, starting);
        // the door may have been stopped and started anew before the first start fails
        starting.catch(() => this.#started.get(door) === starting && this.#started.delete(door));
      }
      await started;
      if (this.#stops !== stops) return;
    }
    // set in the turn of the last look at the list: a door registers before that turn, or finds this signal
    this.#start = cancelled;
  }

  /** Stops those that have started, one after the other; a door that fails or is too slow keeps no other from it. */
  async stop(registry: Registry, remaining: () => number): Promise<void> {
    this.#stops++;
    const doors = [...this.#started.keys()];
    this.#started.clear();
    await this.#end(doors, "stop", registry, remaining);
  }

  /** The last moment of a connection, also of one without a start. */
  async leave(registry: Registry, remaining: () => number): Promise<void> {
    const doors = this.#doors.filter(({ leave }) => leave !== undefined);
    await this.#end(doors, "leave", registry, remaining);
  }

  async #end(
    doors: readonly Door[],
    step: "stop" | "leave",
    { context }: Registry,
    remaining: () => number,
  ): Promise<void> {
    if (doors.length === 0) return;
    const steps = doors.map((door) => ({
      action: `${step} the door "${door.name}"`,
      end: (timeout: number) => door[step]?.(timeout),
    }));
    const report = (error: Error) => context.report(error);
    await endInReverse(steps, remaining, { clock: context.clock, report });
  }
}
