import { NANOSECONDS, readTime, writeTime } from "../time.ts";
import { isPush, shownConfig } from "./config.ts";
import { shownWithServer } from "./metadata.ts";
import type { Pin } from "./pin.ts";
import type { Position } from "./progress.ts";
import type { Pulls } from "./pulls.ts";
import type { Push } from "./push.ts";
import type { ConsumerState } from "./state.ts";

/** A consumer's info as responses show it; lists leave out the server's own metadata. */
export function infoOf(
  state: ConsumerState,
  { pulls, push, pin }: { pulls: Pulls; push: Push; pin: Pin },
  isListed: boolean,
): object {
  const { config, progress, pending, redelivery, remaining, context } = state;
  const now = context.clock.wallTime();
  if (!isPush(config)) pulls.sweep(false);
  remaining.cap(progress.next);
  const [group] = config.priority_groups;
  return {
    stream_name: state.stream.name,
    name: state.name,
    created: writeTime(state.created),
    config: isListed ? shownConfig(config) : shownWithServer(config),
    delivered: shown(progress.delivered, progress.lastDelivered),
    ack_floor: shown(progress.acked, progress.lastAcked),
    num_ack_pending: pending.size,
    num_redelivered: config.max_deliver === 1 ? 0 : redelivery.size,
    num_waiting: pulls.size,
    num_pending: remaining.count,
    ...isPush(config) && push.isActive && { push_bound: true },
    ...pauseOf(config.pause_until, now),
    ts: writeTime(now),
    ...group !== undefined && {
      priority_groups: [{
        group,
        ...pin.id !== "" && { pinned_client_id: pin.id },
        pinned_ts: writeTime(pin.since),
      }],
    },
  };
}

/** The fields for a pause: whether it lasts, and the remaining nanoseconds. */
export function pauseOf(said: string | undefined, now: number): object {
  const until = said === undefined ? undefined : readTime(said);
  if (until === undefined || until <= now) return {};
  return { paused: true, pause_remaining: Math.round((until - now) * NANOSECONDS) };
}

function shown({ consumer, stream }: Position, last: number | undefined): object {
  return {
    consumer_seq: consumer,
    stream_seq: stream,
    ...last !== undefined && { last_active: writeTime(last) },
  };
}
