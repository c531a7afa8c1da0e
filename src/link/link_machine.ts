import { COMPLETE, type Ending, readEnding } from "./ending.ts";
import { Flow } from "./flow.ts";
import type { ControlKind, Numbered } from "./frame.ts";
import type { LinkSettings } from "./link_options.ts";
import { type LinkActions, LinkLife, type LinkState } from "./link_life.ts";
import type { Outflow, Unnumbered } from "./outflow.ts";
import type { Allowance } from "./rights.ts";
import type { Tally } from "./tally.ts";
import type { Terms } from "./terms.ts";

const GAP: Ending = { reason: "gap" };
/** The other side sends more than there is room for. */
const BEYOND: Ending = { reason: "error", code: 413, description: "There is no room for more" };

/**
 * One side of a link, without any network or clock: what happened comes in by calls, with the time, and what is to be
 * done goes out by its actions. Every call is right in every state.
 */
export class LinkMachine {
  readonly #actions: LinkActions;
  readonly #flow: Flow;
  readonly #life: LinkLife;
  /** Whether nothing more is wanted from the other side, or it has said all. */
  #isInDone = false;

  constructor(
    settings: LinkSettings,
    allowance: Allowance | undefined,
    actions: LinkActions,
    now: number,
  ) {
    this.#actions = actions;
    this.#flow = new Flow(settings.window, allowance, actions);
    this.#life = new LinkLife(this.#flow, settings, actions, now);
  }

  get state(): LinkState {
    return this.#life.state;
  }

  /** What is given and not sent yet, or sent and not acknowledged. */
  get out(): Pick<Outflow, "sent" | "keptFrames" | "keptBytes" | "isEnded" | "isDone"> {
    return this.#flow.out;
  }

  /** Nothing is to be sent from here: a caller of a stream has said all with its opening. */
  hush(): void {
    this.#flow.out.discard();
  }

  /** Nothing is wanted from the other side. */
  deafen(): void {
    this.#isInDone = true;
  }

  /**
   * An opening has come: the link is open.
   *
   * @returns where the acceptance goes
   */
  opened(terms: Terms, address: string, serial: number, now: number): string | undefined {
    this.#flow.meet(terms, address, serial, now);
    this.#life.open();
    return this.#flow.accept(now);
  }

  /** Our opening has been accepted; whoever accepted is told if we have left meanwhile. */
  accepted(terms: Terms, address: string, serial: number, now: number): void {
    if (this.#life.state !== "opening" && this.#life.state !== "leaving") return;
    this.#flow.meet(terms, address, serial, now);
    if (this.#life.state === "leaving") return this.#life.leave(this.#life.own!, now);
    this.#life.hear(now);
    this.#flow.say("credit", now);
    this.#flow.supply(now);
  }

  /** Our opening will not be accepted any more. */
  refused(): void {
    if (this.#life.state === "opening" || this.#life.state === "leaving") this.#life.release();
  }

  /** Takes a frame to be sent, now or when there is room; gives its number, 0 if nothing more is sent from here. */
  give(frame: Unnumbered, now: number): number {
    if (!this.#life.isAlive || this.#flow.out.isEnded) return 0;
    const number = this.#flow.out.give(frame);
    this.#life.use(now);
    this.#pump(now);
    return number;
  }

  /** A frame that was delivered has been read, so there is room for another. */
  read(size: number, now: number): void {
    this.#flow.read(size);
    if (this.#life.isAlive && !this.#isInDone) this.#flow.credit(now);
  }

  /** Ends it from here: `last` goes behind all that was given, and nothing more is wanted. */
  close(ending: Ending, last: Unnumbered, now: number): void {
    if (!this.#life.isAlive || this.#life.own) return;
    const { out } = this.#flow;
    const isSaid = ending === COMPLETE && out.isEnded && this.#isInDone;
    this.#life.intend(ending);
    this.#isInDone = true;
    if (!isSaid) {
      // or the other side would take what we have for something that was left behind
      this.#flow.acknowledge(now);
      out.give(last);
      this.#pump(now);
    }
    this.#check(now);
  }

  /** Leaves at once. */
  abort(ending: Ending, now: number): void {
    if (this.#life.state === "finished") this.#life.release();
    else if (this.#life.isAlive || this.#life.state === "opening") this.#life.leave(ending, now);
  }

  /** Our broker begins to stop. */
  drain(now: number): void {
    if (this.#life.isAlive) this.#flow.say("draining", now);
  }

  /** A message came to the address that went with our control frame of this serial. */
  addressed(serial: number): void {
    this.#flow.addressed(serial);
  }

  /** A numbered frame has come. */
  numbered(frame: Numbered, now: number): void {
    if (this.#life.state === "finished") return this.#flow.say("farewell", now);
    if (!this.#life.isAlive) return;
    this.#life.hear(now);
    const isEnd = frame.code === "e" || frame.code === "f";
    const arrival = this.#flow.arrive(frame.number, frame.data.length, isEnd);
    if (arrival === "next") this.#take(frame, now);
    else if (arrival === "early") this.#miss(now);
    else if (arrival === "beyond") this.#life.leave(BEYOND, now);
    this.#goOn(now);
  }

  /** A control frame has come. */
  control(kind: ControlKind, serial: number, tally: Tally, address: string, now: number): void {
    if (this.#life.state === "opening" || this.#life.state === "over") return;
    const isPossible = this.#flow.learn(tally, address, serial, now);
    if (this.#life.state === "leaving") return this.#life.leave(this.#life.own!, now);
    if (this.#life.state === "finished") {
      return kind === "farewell" ? this.#life.release() : this.#flow.say("farewell", now);
    }
    this.#life.hear(now);
    if (!isPossible) return this.#life.leave(GAP, now);
    this.#heed(kind, tally, now);
    this.#check(now, kind === "farewell");
    this.#goOn(now);
  }

  /** The other side has left. */
  left(ending: Ending): void {
    if (this.#life.isAlive) this.#life.tell(ending);
    if (this.#life.state !== "opening") this.#life.release();
  }

  /** What we sent has found nobody. */
  lost(now: number): void {
    if (this.#life.isAlive) this.#life.pause(now);
    else this.#life.release();
  }

  /** Our connection is gone. */
  disconnected(now: number): void {
    this.#flow.disconnected();
    this.#life.pause(now);
  }

  /** Our connection is back. */
  connected(now: number): void {
    if (this.#life.state === "paused") this.#life.probe(now);
    else if (this.#life.state === "finished") this.#flow.say("farewell", now);
  }

  /** Does what it is time for. */
  tick(now: number): void {
    this.#life.tick(now);
  }

  get due(): number {
    return this.#life.due;
  }

  #take(frame: Numbered, now: number): void {
    this.#life.use(now);
    const { code, data } = frame;
    const isEnd = code === "e" || code === "f";
    const isWanted = !this.#isInDone;
    // a piece is put to those before it, and takes no place among what waits to be read
    if (!isWanted || isEnd || code === "m") this.#flow.read(data.length);
    if (isEnd) this.#isInDone = true;
    if (isWanted) this.#actions.deliver(frame);
    if (code === "f") return this.#dismiss(readEnding(frame), now);
    // whoever has said all waits for nothing but this
    if (isEnd) this.#flow.acknowledge(now);
    else this.#flow.credit(now);
    this.#check(now);
  }

  #heed(kind: ControlKind, tally: Tally, now: number): void {
    const isMissing = this.#flow.isMissing(tally);
    if (kind === "probe") this.#flow.say(isMissing ? "gap" : "credit", now);
    else if (kind === "gap") this.#rewind(now);
    else if (kind === "draining") this.#actions.draining();
    else if (kind === "credit" && isMissing) this.#miss(now);
  }

  /** The other side wants nothing more; what we had for it yet is in vain. */
  #dismiss(ending: Ending, now: number): void {
    const isInVain = ending === COMPLETE && this.#flow.out.keptFrames > 0;
    this.#flow.out.discard();
    this.#life.finish(this.#life.own ?? (isInVain ? { reason: "cancelled" } : ending), now);
  }

  /** Something is missing before what came. */
  #miss(now: number): void {
    if (this.#life.isBrittle) this.#life.leave(GAP, now);
    else this.#flow.ask(now);
  }

  #rewind(now: number): void {
    if (this.#life.isBrittle) this.#life.leave(GAP, now);
    else this.#flow.out.rewind();
  }

  #goOn(now: number): void {
    if (this.#life.isAlive) this.#flow.supply(now);
    this.#pump(now);
  }

  #pump(now: number): void {
    if (this.#life.state === "open") this.#flow.pump(now);
  }

  #check(now: number, isDismissed = false): void {
    if (!this.#life.isAlive) return;
    if (this.#flow.out.isDone && this.#isInDone) {
      this.#life.finish(this.#life.own ?? COMPLETE, now);
      if (isDismissed) this.#life.release();
    } else if (isDismissed) this.#life.leave(GAP, now);
  }
}
