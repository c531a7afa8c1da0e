import type { NatsConnection } from "@nats-io/transport-deno";
import type { Clock } from "../clock.ts";
import type { Line, LineWatch } from "../line/line.ts";
import { insideOf, REACH } from "../reach/client_shape.ts";
import { FastLine } from "../reach/fast_line.ts";
import { faultOf } from "../reach/trial.ts";
import type { Report } from "./error_reports.ts";

/** A client that a server has accepted. */
export interface AcceptedClient {
  readonly client: NatsConnection;
  /** Whether its line is the plain one. */
  readonly isPlain: boolean;
  /** Why the broker has to use the plain line. */
  readonly fault: string | undefined;
  /** Opens its line; reports what `watch` throws. */
  open(clock: Clock, watch: LineWatch, report: Report): Line;
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
  return {
    client,
    isPlain: protocol === undefined,
    fault,
    open(clock, watch, report) {
      const guarded = guard(watch, report);
      return protocol
        ? new FastLine(clock, client, protocol, guarded)
        : makePlainLine!(client, guarded);
    },
  };
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
