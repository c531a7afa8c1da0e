import type { NatsConnection } from "@nats-io/transport-deno";
import type { Clock, Timer } from "../clock.ts";
import type { Line, LineWatch } from "../line/line.ts";
import { insideOf, type Protocol, REACH } from "../reach/client_shape.ts";
import { FastLine } from "../reach/fast_line.ts";
import { faultOf } from "../reach/trial.ts";
import type { Report } from "./error_reports.ts";

/** A client that a server has accepted. */
export interface AcceptedClient {
  readonly client: NatsConnection;
  /** The client's internal parts, which the fast line uses; `undefined` for the plain line. */
  readonly protocol: Protocol | undefined;
  /** Why the broker has to use the plain line. */
  readonly fault: string | undefined;
}

let makePlainLine: ((client: NatsConnection, watch: LineWatch) => Line) | undefined;

/** Loads the plain line, which most programs never need; before a dial, so that the client does not wait for it. */
export async function loadPlainLine(): Promise<void> {
  if (makePlainLine) return;
  const { PlainLine } = await import("../line/plain_line.ts");
  makePlainLine = (client, watch) => new PlainLine(client, watch);
}

/** Chooses the line of a client: the fast one if the client is built as known, else the plain one. */
export function chooseLine(client: NatsConnection): AcceptedClient {
  const fault = REACH.isWanted ? faultOf(client) : undefined;
  const protocol = REACH.isWanted && fault === undefined ? insideOf(client).protocol : undefined;
  return { client, protocol, fault };
}

/** Opens the line of a client; reports what `watch` throws. */
export function openLine(
  clock: Clock,
  { client, protocol }: AcceptedClient,
  watch: LineWatch,
  report: Report,
): Line {
  const guarded = guard(watch, report);
  return protocol
    ? new FastLine(clock, client, protocol, guarded)
    : makePlainLine!(client, guarded);
}

/** Makes a watch that reports what it throws: an exception in the client's own work would end the connection. */
function guard(watch: LineWatch, report: Report): LineWatch {
  const safely = (work: () => void) => {
    try {
      work();
    } catch (error) {
      report(error as Error);
    }
  };
  return {
    serverError: (error) => safely(() => watch.serverError(error)),
    lameDuck: () => safely(() => watch.lameDuck()),
    invalidReplyAddress: (packet) => safely(() => watch.invalidReplyAddress(packet)),
    dropped: (outgoing, error) => safely(() => watch.dropped(outgoing, error)),
    failed: (error) => safely(() => watch.failed(error)),
    closed: () => safely(() => watch.closed()),
  };
}

/** After how many unanswered pings a server counts as silent. */
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

  /** Starts for a line; calls `silent` once if the server does not answer. */
  start(line: Pick<Line, "ping" | "longestSilence">, silent: () => void): void {
    this.stop();
    const interval = Math.min(this.#interval, line.longestSilence);
    let unanswered = 0;
    const tick = () => {
      if (unanswered === MOST_UNANSWERED) return silent();
      unanswered++;
      // the line itself reports its end
      line.ping().then(() => unanswered = 0, () => {});
      this.#timer = this.#clock.setTimeout(tick, interval);
    };
    this.#timer = this.#clock.setTimeout(tick, interval);
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
