import type { Clock } from "../clock.ts";
import type { NatsConnection } from "@nats-io/transport-deno";
import type { Line, LineWatch } from "../line/line.ts";
import { PlainLine } from "../line/plain_line.ts";
import { insideOf, REACH } from "../reach/client_shape.ts";
import { ReachingLine } from "../reach/reaching_line.ts";
import { faultOf } from "../reach/trial.ts";

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
