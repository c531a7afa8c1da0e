import { assertEquals } from "@std/assert";
import { COMPLETE } from "../../../src/link/frames/control_frames.ts";
import type { ControlKind } from "../../../src/link/frames/frame.ts";
import type { LinkSettings } from "../../../src/link/link_options.ts";
import { FAILED, PEER, Stage, TERMS, unnumbered } from "./machine_stage.ts";

export const KINDS: readonly ControlKind[] = [
  "open",
  "credit",
  "probe",
  "gap",
  "farewell",
  "draining",
  "abort",
];
const encode = (text: string) => new TextEncoder().encode(text);
const FAILED_BLOCK = encode(
  "NATS/1.0\r\nSignalbox-End: error\r\nNats-Service-Error-Code: 7\r\nNats-Service-Error: no\r\n\r\n",
);

/** How a machine comes into each state; where it can, one frame has come, and one was sent and is not acknowledged. */
export const STATES: Readonly<Record<string, (stage: Stage) => void>> = {
  opening: () => {},
  open: (stage) => {
    stage.accept();
    stage.frame(1);
    stage.send();
  },
  paused: (stage) => {
    STATES.open!(stage);
    stage.machine.lost(stage.now);
  },
  leaving: ({ machine, now }) => machine.abort({ reason: "cancelled" }, now),
  finished: (stage) => {
    STATES.open!(stage);
    stage.frame(2, "f");
  },
  over: (stage) => {
    STATES.open!(stage);
    stage.machine.peerLeft({ reason: "cancelled" });
  },
  // and the ways between
  closing: (stage) => {
    STATES.open!(stage);
    stage.machine.close(COMPLETE, unnumbered("f", 0), stage.now);
  },
  "half done": (stage) => {
    STATES.open!(stage);
    stage.frame(2, "e");
  },
  // accepted here, by the only message it might send to the only address that came
  addressless: ({ machine, now }) => void machine.opened(TERMS, PEER, 1, now),
};

const control = (kind: ControlKind): [string, (stage: Stage) => void][] => [
  [`control ${kind}`, (stage) => stage.hear(kind)],
  [`control ${kind}, missing`, (stage) => stage.hear(kind, { sent: 4 })],
  [`control ${kind}, impossible`, (stage) => stage.hear(kind, { received: 99 })],
];

/** All that can happen, by the name of its method first. What an event gives back is a part of its cell. */
export const EVENTS: Readonly<Record<string, (stage: Stage) => unknown>> = {
  "opened": ({ machine, now }) => machine.opened(TERMS, PEER, 1, now)?.slice(-2) ?? "nowhere",
  "accepted": (stage) => stage.accept(),
  "refused": ({ machine }) => machine.refused(),
  "restrict to reading": ({ machine }) => machine.restrict("reading"),
  "restrict to sending": ({ machine }) => machine.restrict("sending"),
  "give": (stage) => stage.give(),
  "give, flush": (stage) => stage.send(),
  "give e, flush": (stage) => stage.send("e", 0),
  "flush": ({ machine, now }) => machine.flush(now),
  "read a little": ({ machine }) => machine.read(8),
  "read half": ({ machine }) => machine.read(32),
  "credit": ({ machine, now }) => machine.credit(now),
  "credit, half read": ({ machine, now }) => {
    machine.read(32);
    machine.credit(now);
  },
  "close": ({ machine, now }) => machine.close(COMPLETE, unnumbered("f", 0), now),
  "close, failed": ({ machine, now }) => machine.close(FAILED, unnumbered("f", 0), now),
  "abort": ({ machine, now }) => machine.abort({ reason: "deadline" }, now),
  "fail": ({ machine, now }) => machine.fail({ reason: "gap" }, now),
  "drain": ({ machine, now }) => machine.drain(now),
  "addressed": ({ machine }) => machine.addressed(1),
  "numbered next": (stage) => stage.frame(stage.came + 1),
  "numbered next piece": (stage) => stage.frame(stage.came + 1, "m"),
  "numbered again": (stage) => stage.frame(stage.came),
  "numbered early": (stage) => stage.frame(stage.came + 2),
  "numbered early f": (stage) => stage.frame(99, "f"),
  "numbered beyond": (stage) => stage.frame(99),
  "numbered e": (stage) => stage.frame(stage.came + 1, "e"),
  "numbered f": (stage) => stage.frame(stage.came + 1, "f"),
  "numbered f, failed": (stage) => stage.frame(stage.came + 1, "f", FAILED_BLOCK),
  ...Object.fromEntries(KINDS.flatMap(control)),
  "control credit, all there": (stage) =>
    stage.hear("credit", { received: stage.machine.out.last }),
  "control farewell, all there": (stage) =>
    stage.hear("farewell", { received: stage.machine.out.last }),
  "peerLeft": ({ machine }) => machine.peerLeft({ reason: "idle" }),
  "lost": ({ machine, now }) => machine.lost(now),
  "doubt": ({ machine, now }) => machine.doubt(now),
  "disconnected": ({ machine, now }) => machine.disconnected(now),
  "resume": ({ machine, now }) => {
    machine.raised(now);
    machine.resume(now);
  },
  "tick at once": (stage) => stage.wait(0),
  "tick after 400 ms": (stage) => stage.wait(400),
  "tick after 1 s": (stage) => stage.wait(1_000),
  "tick, unanswered": (stage) => {
    stage.wait(400);
    stage.done.push("…");
    stage.wait(1_000);
  },
  "tick after 5 s": (stage) => stage.wait(5_000),
  "tick after 10 s": (stage) => stage.wait(10_000),
  "tick after 20 s": (stage) => stage.wait(20_000),
};

/** What an event does to a machine in a state. */
export function cellOf(state: string, event: string, settings?: Partial<LinkSettings>): string {
  const allowance = state === "addressless" ? { max: 1, expires: 120_000 } : undefined;
  const stage = new Stage(settings, allowance);
  STATES[state]!(stage);
  stage.done.length = 0;
  return stage.cell(EVENTS[event]!(stage));
}

/** A table of columns between bars; the first names the events, and must name them all. */
export function readTable(
  text: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const rows = text.trim().split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const [[, ...columns], ...lines] = rows as [string[], ...string[][]];
  assertEquals(lines.map(([event]) => event), Object.keys(EVENTS), "Each event has one line");
  return Object.fromEntries(columns.map((column, at) => [
    column,
    Object.fromEntries(lines.map(([event, ...cells]) => [event!, cells[at] ?? "no cell"])),
  ]));
}

/** A cell of what cannot be. */
const CANNOT_BE = "–";

/** Holds a machine in a state against the column for it, event by event. */
export function checkColumn(
  table: ReturnType<typeof readTable>,
  column: string,
  settings?: Partial<LinkSettings>,
  state = column,
): void {
  for (const [event, expected] of Object.entries(table[column]!)) {
    if (expected === CANNOT_BE) continue;
    assertEquals(cellOf(state, event, settings), expected, `${event} when ${column}`);
  }
}
