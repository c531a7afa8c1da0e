import { assertEquals } from "@std/assert";
import {
  type EndDetails,
  type FlowState,
  type HandshakeTerms,
  parseTerms,
} from "../../../src/link/frames/control_frames.ts";
import type {
  ControlKind,
  FrameCode,
  Numbered,
  Unnumbered,
} from "../../../src/link/frames/frame.ts";
import type { FrameWriter, LinkEvents } from "../../../src/link/machine/link_events.ts";
import { LinkMachine } from "../../../src/link/machine/link_machine.ts";
import type { LinkSettings, ResponseLimit } from "../../../src/link/link_options.ts";

/** Where the other side is. */
export const PEER = "_PEER.x.o1";
export const TERMS: HandshakeTerms = parseTerms("1 session frames=4 bytes=64 body=64 responses=0")!;
export const SETTINGS: LinkSettings = {
  window: { messages: 4, bytes: 64 },
  maxUnacknowledged: { messages: 1_000, bytes: 100_000 },
  maxMessage: 64,
  keepAlive: 10_000,
  resumeTimeout: 5_000,
  idleTimeout: 20_000,
};
const LETTERS = { open: "o", credit: "c", probe: "p", gap: "g", farewell: "q", draining: "d" };
export const FAILED: EndDetails = { reason: "error", code: 7, description: "no" };
export function unnumbered(code: FrameCode, size = 8): Unnumbered {
  return { code, data: new Uint8Array(size), headerBlock: undefined };
}

/** A control frame. */
export interface Said {
  readonly kind: ControlKind;
  readonly serial: number;
  readonly tally: FlowState;
  readonly address: string;
}

/**
 * A machine, and all that it does, as words: `>1,2` frames that are sent as one message, a letter for a control frame
 * (`x` for an abort), `<1` a frame that is delivered, `!gap` how it ended, `.` that it is released.
 */
export class Stage implements FrameWriter, LinkEvents {
  readonly isWaiting = false;
  readonly largest = 1_000_000;
  readonly machine: LinkMachine;
  readonly done: string[] = [];
  readonly said: Said[] = [];
  readonly sentTo: string[] = [];
  now = 0;
  /** The number of the last frame that came. */
  came = 0;
  told: EndDetails | undefined;
  #left: EndDetails | undefined;

  constructor(settings: Partial<LinkSettings> = {}, allowance?: ResponseLimit) {
    this.machine = new LinkMachine({ ...SETTINGS, ...settings }, allowance, this, this, this.now);
  }

  transmit(frames: readonly Numbered[], address: string): void {
    this.done.push(`>${frames.map(({ number }) => number)}`);
    this.sentTo.push(address);
  }

  say(kind: ControlKind, serial: number, tally: FlowState, address: string): void {
    this.done.push(LETTERS[kind as keyof typeof LETTERS] ?? `?${kind}`);
    this.said.push({ kind, serial, tally, address });
    this.sentTo.push(address);
  }

  abort(ending: EndDetails, _serial: number, address: string): void {
    this.done.push("x");
    this.sentTo.push(address);
    this.#left = ending;
  }

  deliver({ number }: Numbered): void {
    this.done.push(`<${number}`);
  }

  draining(): void {
    this.done.push("draining");
  }

  ended(ending: EndDetails): void {
    this.done.push(`!${ending.reason}`);
    this.told = ending;
  }

  released(): void {
    this.done.push(".");
  }

  accept(terms: Partial<HandshakeTerms> = {}): void {
    this.machine.accepted({ ...TERMS, ...terms }, PEER, 1, this.now);
  }

  give(code: FrameCode = "t", size = 8): number {
    return this.machine.give(unnumbered(code, size));
  }

  /** Gives and sends. */
  send(code: FrameCode = "t", size = 8): number {
    const number = this.give(code, size);
    this.machine.flush(this.now);
    return number;
  }

  frame(number: number, code: FrameCode = "t", headerBlock?: Uint8Array): void {
    if (number === this.came + 1) this.came++;
    this.machine.numbered({ number, code, data: new Uint8Array(8), headerBlock }, this.now);
  }

  hear(kind: ControlKind, tally: Partial<FlowState> = {}, serial = 9): void {
    const told = { received: 0, frames: 4, bytes: 64, sent: 0, spent: 0, ...tally };
    this.machine.control(kind, serial, told, `_PEER.x.c${serial}`, this.now);
  }

  wait(milliseconds: number): void {
    this.machine.tick(this.now += milliseconds);
  }

  /** What has been done since the last time, and the state after it. */
  cell(returned?: unknown): string {
    // the other side is told what the program is told
    if (this.#left) assertEquals(this.#left, this.told);
    const words = [...this.done.splice(0), ...returned === undefined ? [] : [`= ${returned}`]];
    return [`${this.machine.state}:`, ...words].join(" ");
  }
}
