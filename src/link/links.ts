import type { Clock, Timer } from "../clock.ts";
import type { BrokerEvent, EventFeed } from "../events.ts";
import { PermissionError } from "../errors.ts";
import { asError } from "../legible.ts";
import type { EndDetails } from "./frames/control_frames.ts";
import { Limiter, MemoryBudget } from "./limits.ts";
import type { LinkMachine } from "./machine/link_machine.ts";
import { Pacer } from "../pacing.ts";

/** How often the clock of all links is looked at, in milliseconds; one timer costs less than one for each of ten thousand. */
const STEP = 250;
/** Links that are out of reach are looked at more often. */
const SHORT_STEP = 50;
/** A link that ends when it is idle is looked at so many times meanwhile, and no more often than this, in milliseconds. */
const IDLE_STEPS = 8;
const SHORTEST_STEP = 5;

/** Tens of thousands take a while to be looked at, and the clock rests for so many times as long. */
const REST = 20;
/** More that have something to do at one time are spread. */
const FEW = 64;

/** How often it is looked at, in milliseconds, whether the program listens to the end of a link, once the broker stops. */
const RETIRING_STEP = 100;

/** What all links have to do with one another. */
export interface ManagedLink {
  readonly machine: Pick<
    LinkMachine,
    "state" | "due" | "out" | "tick" | "raised" | "resume" | "disconnected" | "refused"
  >;
  /** The server does not permit to publish there. */
  forbidden(subject: string, error: Error): void;
  drain(): void;
  /** The broker has been stopping for so many milliseconds: one whose program does not listen to that is ended. */
  retire(passed: number): void;
  abort(ending: EndDetails): void;
}

/** How many links a broker serves, and how many bytes all of them may hold. */
export interface LinkBounds {
  readonly maxSessions: number;
  readonly maxLinkBytes: number;
}

/** All links of a broker: one clock, the news of the connection, and the end. */
export class Links {
  /** How many are served at a time. */
  readonly places: Limiter;
  /** How much is held for the other sides. */
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

  /** How many have not ended. */
  get count(): number {
    return this.#live.size;
  }

  /** One that ends after so many milliseconds without a message is looked at often enough for that. */
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

  /** It has ended, and only the other side may still have to be told. */
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

  /** It has something to send now, and is resumed before those that have not. */
  hasten(link: ManagedLink): void {
    this.#pacer.hasten(link);
  }

  /** Tells both sides of all links that the broker begins to stop, and ends those whose program does not listen to it. */
  drain(): void {
    this.#each((link) => link.drain());
    const began = this.#clock.now();
    const retire = () => {
      const passed = this.#clock.now() - began;
      this.#each((link) => link.retire(passed));
      this.#retiring = this.#clock.setTimeout(retire, RETIRING_STEP);
    };
    // a program that looks for the signal in this very turn is one that listens
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

  /** Resolves once all have ended, and the other sides have been told. */
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
          // nothing comes from the other side any more
          link.machine.disconnected(now);
          link.abort({ reason: "shutting down", error: event.error });
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

  /** As they are now: what is done with one may remove it. */
  #each(act: (link: ManagedLink) => void): void {
    for (const link of [...this.#links]) this.#act(link, act);
  }

  /** What goes wrong with one is reported, ends it, and is nothing to all others. */
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
        // told already, of the same link
      }
      this.remove(link);
    }
  }
}
