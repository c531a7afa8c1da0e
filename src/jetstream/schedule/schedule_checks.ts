import { covers } from "../../door/mod.ts";
import type { StreamConfig } from "../api/api_types.ts";
import { NoScheduleError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { requireVersion } from "../api/version.ts";
import { hasOwnSubjects, ownSubjects, UNIQUE_MARK } from "../stream/own_subjects.ts";
import type { Plan } from "./when.ts";

/**
 * The first nats-server with all that this package uses: repeating schedules, time zones, and the removal of a cancelled
 * schedule by a rollup.
 */
const SINCE = "2.14";
const NANOSECONDS = 1e6;

/**
 * Checks that the server knows schedules.
 *
 * @throws {UnavailableError}
 */
export function requireSchedules(api: JetStreamApi, action: string): void {
  requireVersion(api, action, SINCE, "a schedule");
}

/**
 * Checks that a stream can hold a schedule until it is due; `now` is the time by the server's clock.
 *
 * @throws {NoScheduleError}
 */
export function checkRoom(
  action: string,
  config: StreamConfig,
  subject: string,
  plan: Plan,
  now: number,
): void {
  const refuse = (rule: string) => {
    throw new NoScheduleError(action, config.name, rule);
  };
  const named = `the stream "${config.name}"`;
  if (!config.allow_msg_schedules) {
    const unique = config.metadata?.[UNIQUE_MARK];
    if (unique !== undefined && config.discard === "new") {
      refuse(`${named} must take schedules: a work queue with unique: "${unique}" takes none`);
    }
    refuse(`${named} must have allowMsgSchedules: it does not`);
  }
  if (config.retention === "interest") {
    refuse(`${named} must keep messages that no consumer waits for: its retention is "interest"`);
  }
  if (!config.subjects?.some((each) => covers(each, subject))) {
    refuse(`${named} must take the subject: it takes ${config.subjects?.join(", ") ?? "none"}`);
  }
  const own = ownSubjects(config.name);
  if (!hasOwnSubjects(config)) {
    refuse(`${named} must take ${own}, which its declaration adds: it takes ${config.subjects}`);
  }
  const { max_age = 0 } = config;
  const oldest = max_age / NANOSECONDS;
  if (oldest === 0) return;
  if (plan.repeats) {
    refuse(`a repeating schedule must be in a stream without maxAge: ${named} has ${oldest} ms`);
  }
  const delay = Math.ceil(plan.next - now);
  if (delay < oldest) return;
  refuse(
    `the message must be due before ${named} drops it: due in ${delay} ms, maxAge ${oldest} ms`,
  );
}
