import type { NatsConnection } from "@nats-io/transport-deno";
import type { Clock, Timer } from "../clock.ts";
import type { Line, LineWatch } from "../line/line.ts";
import { PlainLine } from "../line/plain_line.ts";
import { insideOf, REACH } from "../reach/client_shape.ts";
import { ReachingLine } from "../reach/reaching_line.ts";
import { faultOf } from "../reach/trial.ts";
import type { Report } from "./subscriptions.ts";

/** A line, and why it is slower than it could be. */
export interface OpenedLine {
  readonly line: Line;
  readonly fault: string | undefined;
}

/** Makes a line of a client that has just been let in: the fast one where all is as it is known, and else the plain one. */
export function lineThrough(clock: Clock, client: NatsConnection, watch: LineWatch): OpenedLine {
  const fault = REACH.isWanted ? faultOf(client) : undefined;
  const protocol = REACH.isWanted && fault === undefined ? insideOf(client).protocol : undefined;
  const line = protocol
    ? new ReachingLine(clock, client, protocol, watch)
    : new PlainLine(client, watch);
  return { line, fault };
}

/** Makes a watch that reports what it throws: an exception in the client's own work would end the connection. */
export function guarded(watch: LineWatch, report: Report): LineWatch {
  const safely = (work: () => void) => {
    try {
      work();
    } catch (error) {
      report(error as Error);
    }
  };
  return {
    said: (error) => safely(() => watch.said(error)),
    isLeaving: () => safely(() => watch.isLeaving()),
    unanswerable: (packet) => safely(() => watch.unanswerable(packet)),
    dropped: (outgoing, error) => safely(() => watch.dropped(outgoing, error)),
    failed: (error) => safely(() => watch.failed(error)),
    ended: () => safely(() => watch.ended()),
  };
}

/** After how many unanswered pings to give the server up. */
const MOST_UNANSWERED = 2;

/** Pings the server and reports when it is silent: the client's own heartbeat waits for a socket that may never drain. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  #timer: Timer | undefined;

  /** `interval` in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Begins with a line; calls `silent` once it gives the line up. */
  start(line: Pick<Line, "probe" | "longestSilence">, silent: () => void): void {
    this.stop();
    const interval = Math.min(this.#interval, line.longestSilence);
    let unanswered = 0;
    const tick = () => {
      if (unanswered === MOST_UNANSWERED) return silent();
      unanswered++;
      // the line itself reports its end
      line.probe().then(() => unanswered = 0, () => {});
      this.#timer = this.#clock.setTimeout(tick, interval);
    };
    this.#timer = this.#clock.setTimeout(tick, interval);
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
