import { assertEquals } from "@std/assert";
import { sessionRow } from "./chaos/session_row.ts";
import type { Report } from "./sessions/conversation.ts";
import { QUICK } from "./sessions/plan.ts";
import { type Outcome, resultOf } from "./sessions/result.ts";
import { death, outage } from "./sessions/lasting_faults.ts";
import { restarts } from "./sessions/server_faults.ts";

const PLAN = { ...QUICK, sessions: 1, frames: 60, seed: 7 };
const REPORT: Report = {
  sent: 60,
  arrived: 60,
  duplicated: 0,
  disordered: 0,
  missing: 0,
  foreign: 0,
  ended: "complete",
  failures: [],
};

function outcome(client: Partial<Report>, service?: Partial<Report>): Outcome {
  const services = service ? [{ ...REPORT, ...service }] : [];
  const clients = [{ ...REPORT, ...client }];
  return { faults: 3, disconnects: 2, clients, services, seconds: 2 };
}

Deno.test("sessionRow() has the frames of both directions, and nothing to complain of where all arrived", () => {
  const result = resultOf(restarts, PLAN, outcome({ arrived: 50 }, { sent: 50 }));
  assertEquals(sessionRow(restarts, PLAN, result), {
    "fault": `1 sessions, ${restarts.name}: each must end complete`,
    "messages/s": 55,
    "faults": 3,
    "accepted": 110,
    "delivered": 110,
    "lost": 0,
    "twice": 0,
    "out of order": 0,
    "hung or late": 0,
  });
});

Deno.test("resultOf() tells of each frame that is not there once and in order, and of each end that is not as it must be", () => {
  const client = { arrived: 57, duplicated: 2, disordered: 4, ended: "hung" as const };
  const result = resultOf(restarts, PLAN, outcome(client, { arrived: 59, foreign: 5 }));
  assertEquals(result.figures, {
    faults: 3,
    sent: 120,
    arrived: 116,
    lost: 4,
    duplicated: 2,
    disordered: 4,
    foreign: 5,
    hung: 1,
    seconds: 2,
  });
  assertEquals(result.broken, [
    '1 ends of sessions did not end as "complete"',
    "4 frames were lost",
    "2 frames arrived twice",
    "4 frames arrived after a later one",
    "5 frames were another session's, or not whole",
  ]);
  const row = sessionRow(restarts, PLAN, result);
  assertEquals([row.lost, row.twice, row["out of order"], row["hung or late"]], [4, 2, 4, 1]);
});

Deno.test("sessionRow() does not know what a side that was killed has sent and taken", () => {
  const result = resultOf(death, PLAN, outcome({ ended: "peer-gone" }));
  const row = sessionRow(death, PLAN, result);
  assertEquals([row.accepted, row.delivered, row["messages/s"]], ["?", "?", "?"]);
});

Deno.test("resultOf() counts as lost only what a later frame got past, where sessions had to end early", () => {
  const early = { ended: "peer-gone" as const, arrived: 40 };
  const { figures } = resultOf(outage, PLAN, outcome(early, { ...early, missing: 3 }));
  assertEquals([figures.sent, figures.arrived, figures.lost], [120, 80, 3]);
});
