import type { Clock, Timer } from "../clock.ts";
import type { BrokerEvent, EventFeed } from "../events.ts";
import { PermissionError } from "../errors.ts";
import { asError } from "../legible.ts";
import type { EndDetails } from "./frames/control_frames.ts";
import { Limiter, MemoryBudget } from "./limits.ts";
import type { LinkMachine } from "./machine/link_machine.ts";
import { Pacer } from "../pacing.ts";

/** How often one timer checks all links, in milliseconds; a timer for each of ten thousand links would cost more. */
const STEP = 250;
/** How often while any link is paused, in milliseconds. */
const SHORT_STEP = 50;
/** How many checks fit into an `idleTimeout`, and the least time between two, in milliseconds. */
const IDLE_STEPS = 8;
const SHORTEST_STEP = 5;

/** A check of tens of thousands takes a while; the timer waits this many times as long. */
const REST = 20;
/** If more links than this are due at once, their work is spread. */
const FEW = 64;

/** How often a stopping broker looks for sessions whose program ignores `draining`, in milliseconds. */
const RETIRING_STEP = 100;

/** A link, as the set of all links sees it. */
export interface ManagedLink {
  /** The subject of its opening. */
  readonly subject: string;
  readonly machine: Pick<
    LinkMachine,
    "state" | "due" | "out" | "tick" | "raised" | "resume" | "disconnected" | "refused"
  >;
  /** The server does not permit to publish there. */
  forbidden(subject: string, error: Error): void;
  drain(): void;
  /** The broker has been stopping for so many milliseconds: ends a link whose program ignores that. */
  retire(passed: number): void;
  abort(ending: EndDetails): void;
}

/** How many links a broker serves, and how many bytes all of them may hold. */
export interface LinkBounds {
  readonly maxSessions: number;
  readonly maxLinkBytes: number;
}

/** All links of a broker: their timer, what the connection reports, and the broker's stop. */
export class Links {
  /** Limits how many are served at a time. */
  readonly places: Limiter;
  /** The memory that peers take up. */
  readonly memory: MemoryBudget;
  readonly #feed: EventFeed;
  readonly #links = new Set<ManagedLink>();
  readonly #live = new Set<ManagedLink>();
  readonly #clock: Clock;
  readonly #pacer: Pacer<ManagedLink>;
  readonly #waiting: { readonly links: Set<ManagedLink>; readonly resolve: () => void }[] = [];
  #timer: Timer | undefined;
  #step = STEP;
  #retiring: Timer | undefined;

  constructor(feed: EventFeed, clock: Clock, { maxSessions, maxLinkBytes }: LinkBounds) {
    this.#clock = clock;
    this.#pacer = new Pacer(clock);
    this.places = new Limiter(clock, maxSessions);
    this.memory = new MemoryBudget(maxLinkBytes);
    this.#feed = feed;
    feed.listen((event) => this.#notice(event));
  }

  /** How many links have not ended. */
  get count(): number {
    return this.#live.size;
  }

  /** The subjects of those that have not ended. */
  get subjects(): readonly string[] {
    return Array.from(this.#live, ({ subject }) => subject);
  }

  /** Adds a link, and checks often enough for its `idleTimeout`. */
  add(link: ManagedLink, idleTimeout: number): void {
    this.#links.add(link);
    this.#live.add(link);
    const step = Math.max(SHORTEST_STEP, idleTimeout / IDLE_STEPS);
    if (step < this.#step) {
      this.#step = step;
      this.#timer?.clear();
      this.#timer = undefined;
    }
    this.#timer ??= this.#clock.setTimeout(() => this.#sweep(), this.#step);
  }

  /** A link has ended; its peer may not know it yet. */
  settle(link: ManagedLink): void {
    this.#live.delete(link);
    this.#tell();
  }

  remove(link: ManagedLink): void {
    this.#links.delete(link);
    this.#pacer.delete(link);
    if (this.#links.size === 0) {
      this.#timer?.clear();
      this.#timer = undefined;
      this.#step = STEP;
    }
    this.settle(link);
  }

  /** Resumes a link that has something to send before others. */
  hasten(link: ManagedLink): void {
    this.#pacer.hasten(link);
  }

  /** Tells both sides of all links that the broker stops, and ends those whose program ignores that. */
  drain(): void {
    this.#each((link) => link.drain());
    const began = this.#clock.now();
    const retire = () => {
      const passed = this.#clock.now() - began;
      this.#each((link) => link.retire(passed));
      this.#retiring = this.#clock.setTimeout(retire, RETIRING_STEP);
    };
    // a program may ask for the signal in this very turn
    this.#retiring = this.#clock.setTimeout(retire, 0);
  }

  /** The broker has stopped. */
  drained(): void {
    this.#retiring?.clear();
  }

  /** Resolves once all have ended. */
  settled(): Promise<void> {
    return this.#without(this.#live);
  }

  /** Resolves once all have ended and their peers know. */
  emptied(): Promise<void> {
    return this.#without(this.#links);
  }

  /** Ends all that are left. */
  abort(ending: EndDetails): void {
    this.#each((link) => link.abort(ending));
  }

  #without(links: Set<ManagedLink>): Promise<void> {
    if (links.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ links, resolve }));
  }

  #tell(): void {
    const ready = this.#waiting.filter(({ links }) => links.size === 0);
    for (const each of ready) {
      this.#waiting.splice(this.#waiting.indexOf(each), 1);
      each.resolve();
    }
  }

  #sweep(): void {
    const now = this.#clock.now();
    let isPaused = false;
    const due: ManagedLink[] = [];
    const tick = (link: ManagedLink) => this.#act(link, () => link.machine.tick(this.#clock.now()));
    for (const link of this.#links) {
      link.machine.out.settle();
      if (link.machine.due <= now && !this.#pacer.has(link)) due.push(link);
      isPaused ||= link.machine.state === "paused";
    }
    if (due.length > FEW) this.#pacer.spread(due, tick);
    else for (const link of due) tick(link);
    if (this.#links.size === 0) return void (this.#timer = undefined);
    const step = isPaused ? Math.min(SHORT_STEP, this.#step) : this.#step;
    const rest = (this.#clock.now() - now) * REST;
    this.#timer = this.#clock.setTimeout(() => this.#sweep(), Math.max(step, rest));
  }

  #notice(event: BrokerEvent): void {
    const now = this.#clock.now();
    switch (event.type) {
      case "connected":
        return this.#resume(now);
      case "disconnected":
        this.#pacer.clear();
        return this.#each((link) => link.machine.disconnected(now));
      case "closed":
        return this.#each((link) => {
          // nothing comes from the peer any more
          link.machine.disconnected(now);
          link.abort({ reason: "shutting-down", error: event.error });
          link.machine.refused();
        });
      case "error":
        if (event.error instanceof PermissionError) this.#forbid(event.error);
    }
  }

  #resume(now: number): void {
    const urgent: ManagedLink[] = [];
    const others: ManagedLink[] = [];
    this.#each((link) => void (link.machine.raised(now) ? urgent : others).push(link));
    const resume = (link: ManagedLink) =>
      this.#act(link, () => link.machine.resume(this.#clock.now()));
    this.#pacer.rush(urgent, resume);
    this.#pacer.spread(others, resume);
  }

  #forbid(error: PermissionError): void {
    if (error.operation === "publish") this.#each((link) => link.forbidden(error.subject, error));
  }

  /** Uses a copy, as the call may remove a link. */
  #each(act: (link: ManagedLink) => void): void {
    for (const link of [...this.#links]) this.#act(link, act);
  }

  /** Reports an error in the work of one link and ends that link, not the others. */
  #act(link: ManagedLink, act: (link: ManagedLink) => void): void {
    try {
      act(link);
    } catch (thrown) {
      const error = asError(thrown, "A session or stream threw");
      this.#feed.emit({ type: "error", error });
      try {
        link.abort({ reason: "gap", error });
        link.machine.refused();
      } catch {
        // the first error of this link is reported
      }
      this.remove(link);
    }
  }
}
