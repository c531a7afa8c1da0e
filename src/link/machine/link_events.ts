import type { EndDetails, FlowState } from "../frames/control_frames.ts";
import type { ControlKind, Numbered } from "../frames/frame.ts";

/**
 * Where a link is in its life: the opening is on its way (`opening`); both sides talk (`open`), or one is out of reach
 * (`paused`); we have left, and could not say so yet (`leaving`); all is said, and the peer may still ask
 * (`finished`); nothing more is sent or taken (`over`).
 */
export type LinkState = "opening" | "open" | "paused" | "leaving" | "finished" | "over";

/** What the machine reports to its owner. */
export interface LinkEvents {
  /** A frame came in order: a body, a piece of one, or the end of what comes in. */
  deliver(frame: Numbered): void;
  /** The peer's broker begins to stop. */
  draining(): void;
  /** How it ended; once. */
  ended(ending: EndDetails): void;
  /** Nothing is sent or taken any more; once, and last. */
  released(): void;
}

/** Where the machine sends frames to. */
export interface FrameWriter {
  /** How many bytes the server takes as one message. */
  readonly largest: number;
  /** Whether the socket has not taken the last control frame yet. */
  readonly isWaiting: boolean;
  /** Sends numbered frames, as one message; it may get lost. */
  transmit(frames: readonly Numbered[], address: string): void;
  /** Sends a control frame; it may get lost. */
  say(kind: ControlKind, serial: number, state: FlowState, address: string): void;
  /** Sends the frame that ends it at once. */
  abort(ending: EndDetails, serial: number, address: string): void;
}
