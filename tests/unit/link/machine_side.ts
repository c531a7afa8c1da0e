import {
  encodeEnding,
  type EndDetails,
  type FlowState,
  termsOf,
} from "../../../src/link/frames/control_frames.ts";
import type { FrameWriter, LinkEvents } from "../../../src/link/machine/link_events.ts";
import type {
  ControlKind,
  FrameCode,
  Numbered,
  Unnumbered,
} from "../../../src/link/frames/frame.ts";
import { LinkMachine } from "../../../src/link/machine/link_machine.ts";
import type { LinkSettings, ResponseLimit } from "../../../src/link/link_options.ts";
import type { Pair } from "./machine_pair.ts";

/** A message on its way. */
export interface Message {
  readonly from: Side;
  /** The serial of the address it goes to, 0 for a frame to a limited side. */
  readonly to: number;
  /** The reply address, `undefined` for none. */
  readonly reply: string | undefined;
  readonly act: (machine: LinkMachine, now: number) => void;
}

/** What a server that is asked to allow responses lets through. */
interface Noted {
  readonly since: number;
  left: number;
}

/** One side, its program, and its connection to a server; notes whatever must not be. */
export class Side implements FrameWriter, LinkEvents {
  readonly isWaiting = false;
  readonly largest = 1_000_000;
  readonly machine: LinkMachine;
  readonly faults: string[] = [];
  readonly given: Unnumbered[] = [];
  /** Bodies that were delivered and not read. */
  readonly waiting: Numbered[] = [];
  readonly noted = new Map<string, Noted>();
  peer!: Side;
  delivered = 0;
  ending: EndDetails | undefined;
  isUp = true;
  isReleased = false;
  isClosed = false;
  isMet = false;
  words = 0;

  constructor(
    readonly name: string,
    readonly pair: Pair,
    readonly settings: LinkSettings,
    readonly allowance: ResponseLimit | undefined,
  ) {
    this.machine = new LinkMachine(settings, allowance, this, this, 0);
  }

  transmit(frames: readonly Numbered[], address: string): void {
    for (const { number, code } of frames) {
      const isEnd = code === "e" || code === "f";
      if (!isEnd && !this.peer.isClosed) this.#checkWindow(number);
    }
    const act: Message["act"] = (machine, now) => {
      for (const frame of frames) machine.numbered(frame, now);
    };
    const isBare = this.peer.allowance !== undefined;
    this.#post(address, isBare ? undefined : `${this.name}0`, act, isBare);
  }

  say(kind: ControlKind, serial: number, tally: FlowState, address: string): void {
    const reply = `${this.name}${serial}`;
    if (kind === "open") return this.accept(serial, address);
    this.words++;
    this.#post(
      address,
      reply,
      (machine, now) => machine.control(kind, serial, tally, reply, now),
    );
  }

  accept(serial: number, address: string): void {
    const reply = `${this.name}${serial}`;
    const terms = termsOf("session", this.settings, this.allowance);
    this.#post(address, reply, (machine, now) => machine.accepted(terms, reply, serial, now));
  }

  abort(ending: EndDetails, serial: number, address: string): void {
    this.#post(address, `${this.name}${serial}`, (machine) => machine.peerLeft(ending));
  }

  deliver({ number, code, data, headerBlock }: Numbered): void {
    const given = this.peer.given[number - 1];
    if (number !== ++this.delivered) this.fault(`${number} was delivered as ${this.delivered}`);
    if (given?.data !== data || given.code !== code) this.fault(`${number} is another`);
    const isRead = code !== "e" && code !== "f";
    if (isRead) this.waiting.push({ number, code, data, headerBlock });
    if (this.isClosed) this.fault("was told more than it wanted");
    const { messages } = this.settings.window;
    if (this.waiting.length > messages) this.fault("has more to read than its window");
    this.#checkReleased();
  }

  draining(): void {
    this.#checkReleased();
  }

  ended(ending: EndDetails): void {
    if (this.ending) this.fault("ended twice");
    this.#checkReleased();
    this.ending = ending;
  }

  released(): void {
    if (this.isReleased) this.fault("was released twice");
    if (!this.ending) this.fault("was released and not told");
    this.isReleased = true;
  }

  give(code: FrameCode, size: number, isFlushed = true): void {
    const frame = { code, data: new Uint8Array(size), headerBlock: undefined };
    if (this.machine.give(frame) === 0) return;
    this.given.push(frame);
    if (isFlushed) this.machine.flush(this.pair.now);
  }

  /** Ends it from here. */
  close(ending: EndDetails): void {
    if (!this.isMet || this.isClosed || this.ending) return;
    const last = { ...encodeEnding(ending, "work"), code: "f" as const };
    this.isClosed = true;
    this.given.push(last);
    this.machine.close(ending, last, this.pair.now);
  }

  read(): void {
    const { length } = this.waiting.shift()!.data;
    if (this.machine.read(length)) this.machine.credit(this.pair.now);
  }

  cut(): void {
    this.isUp = false;
    this.noted.clear();
    this.machine.disconnected(this.pair.now);
  }

  mend(): void {
    this.isUp = true;
    this.machine.raised(this.pair.now);
    this.machine.resume(this.pair.now);
  }

  fault(what: string): void {
    this.faults.push(`${this.name}, at ${this.pair.now} ms: ${what}`);
  }

  /** A message has come to our server. */
  take({ from, to, reply, act }: Message, now: number): void {
    if (!this.isUp || this.isReleased) {
      if (reply) this.pair.answer(from);
      return;
    }
    if (reply && this.allowance) {
      this.noted.set(reply, { since: now, left: this.allowance.max });
    }
    if (from.allowance && this.isMet) this.machine.addressed(to);
    act(this.machine, now);
    this.isMet ||= this.machine.state !== "opening";
  }

  #post(address: string, reply: string | undefined, act: Message["act"], isBare = false): void {
    this.#checkReleased();
    // what cannot be sent is not kept for later
    if (!this.isUp) return;
    if (this.allowance && !this.#isAllowed(address)) return;
    const to = isBare ? 0 : Number(address.slice(1));
    this.pair.send({ from: this, to, reply, act });
  }

  #isAllowed(address: string): boolean {
    const noted = this.noted.get(address);
    const isThere = noted && noted.left-- > 0 &&
      this.pair.now < noted.since + this.allowance!.expires;
    if (!isThere) this.fault(`sent to ${address}, which it may not`);
    return isThere ?? false;
  }

  /** Bodies hold their places until they are read, all else until it arrives. */
  #checkWindow(number: number): void {
    const { delivered, waiting, settings: { window } } = this.peer;
    const frames = number - (delivered - waiting.length);
    if (frames > window.messages) this.fault(`sent ${number} beyond the window`);
    const bytes = sum(this.given.slice(0, number - 1)) -
      (sum(this.given.slice(0, delivered)) - sum(waiting));
    if (bytes >= window.bytes) this.fault(`sent ${number} beyond the window's bytes`);
  }

  #checkReleased(): void {
    if (this.isReleased) this.fault("did something after it was released");
  }
}

function sum(frames: readonly Pick<Numbered, "data">[]): number {
  return frames.reduce((total, { data }) => total + data.length, 0);
}
