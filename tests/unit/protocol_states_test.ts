import { assertEquals } from "@std/assert";
import { readPage } from "../interop/protocol_page.ts";
import { COMPLETE, parseTerms } from "../../src/link/frames/control_frames.ts";
import type { ControlKind, FrameCode } from "../../src/link/frames/frame.ts";
import type { FrameWriter } from "../../src/link/machine/link_events.ts";
import type { LinkEvents } from "../../src/link/machine/link_events.ts";
import { LinkMachine } from "../../src/link/machine/link_machine.ts";

const page = await readPage();
const TERMS = parseTerms("1 session frames=4 bytes=64 body=64 responses=0")!;
const PEER = "_PEER.x.o1";
const NOTHING = new Uint8Array(0);
const RESUME = 5_000;
const IDLE = 20_000;
const NOTHING_HAPPENS = "·";
const CANNOT_BE = "–";
const LETTERS: Readonly<Record<ControlKind, string>> = {
  open: "o",
  credit: "c",
  probe: "p",
  gap: "g",
  farewell: "q",
  draining: "d",
  abort: "x",
};

/** A machine that notes what it says, and a clock. */
class Bench {
  readonly machine: LinkMachine;
  readonly said: string[] = [];
  readonly #isServer: boolean;
  now = 0;

  constructor(resumeTimeout: number, isServer = false) {
    this.#isServer = isServer;
    const nothing = () => {};
    const actions: FrameWriter & LinkEvents = {
      largest: 1_048_576,
      isWaiting: false,
      transmit: nothing,
      say: (kind) => void this.said.push(LETTERS[kind]),
      abort: () => void this.said.push("x"),
      deliver: nothing,
      draining: nothing,
      ended: nothing,
      released: nothing,
    };
    const window = { messages: 4, bytes: 64 };
    const settings = {
      window,
      maxUnacknowledged: { messages: 1_024, bytes: 1_048_576 },
      maxMessage: 64,
      keepAlive: 10_000,
      resumeTimeout,
      idleTimeout: IDLE,
    };
    this.machine = new LinkMachine(settings, undefined, actions, actions, this.now);
  }

  frame(number: number, code: FrameCode = "t"): void {
    this.machine.numbered({ number, code, data: NOTHING, headerBlock: undefined }, this.now);
  }

  hear(kind: ControlKind, tally: { received?: number; sent?: number } = {}): void {
    const told = { received: 0, frames: 4, bytes: 64, sent: 0, spent: 0, ...tally };
    this.machine.control(kind, 9, told, "_PEER.x.c9", this.now);
  }

  /** Both sides know each other; a server has not heard its opener yet. */
  accept(): void {
    if (this.#isServer) this.machine.opened(TERMS, PEER, 1, this.now);
    else this.machine.accepted(TERMS, PEER, 1, this.now);
  }

  close(): void {
    this.machine.close(COMPLETE, { code: "f", data: NOTHING, headerBlock: undefined }, this.now);
  }

  wait(milliseconds: number): void {
    this.machine.tick(this.now += milliseconds);
  }
}

/** How a machine comes into a state; a session may lose nothing where there is no patience. */
const STATES: Readonly<Record<string, (bench: Bench) => void>> = {
  opening: () => {},
  open: (bench) => bench.accept(),
  paused: (bench) => {
    bench.accept();
    bench.machine.lost(bench.now);
  },
  leaving: ({ machine, now }) => machine.abort({ reason: "cancelled" }, now),
  finished: (bench) => {
    bench.accept();
    bench.frame(1, "f");
  },
  over: (bench) => {
    bench.accept();
    bench.machine.peerLeft({ reason: "cancelled" });
  },
};

/** It has left while its own connection was down; the state above is of one that left before it was accepted. */
function leaveWhileDown(bench: Bench): void {
  bench.accept();
  bench.machine.disconnected(bench.now);
  bench.machine.abort({ reason: "cancelled" }, bench.now);
}

/** The events of the page, in its words. */
const EVENTS: Readonly<Record<string, (bench: Bench) => void>> = {
  "acceptance": (bench) => bench.accept(),
  "answer that is none": ({ machine }) => machine.refused(),
  "body or piece, the next": (bench) => bench.frame(1),
  "`e`, the next": (bench) => bench.frame(1, "e"),
  "`f`, the next": (bench) => bench.frame(1, "f"),
  "frame again": (bench) => {
    bench.frame(1);
    bench.said.length = 0;
    bench.frame(1);
  },
  "frame too early": (bench) => bench.frame(2),
  "frame beyond the window": (bench) => bench.frame(5),
  "`c`": (bench) => bench.hear("credit"),
  "`c` with more sent": (bench) => bench.hear("credit", { sent: 2 }),
  "`p`": (bench) => bench.hear("probe"),
  "`p` with more sent": (bench) => bench.hear("probe", { sent: 2 }),
  "`g`": (bench) => bench.hear("gap"),
  "`d`": (bench) => bench.hear("draining"),
  "`q`, all being said": (bench) => {
    bench.close();
    bench.hear("farewell", { received: 1 });
  },
  "`q` otherwise": (bench) => bench.hear("farewell"),
  "tally that cannot be": (bench) => bench.hear("credit", { received: 3 }),
  "`x`": ({ machine }) => machine.peerLeft({ reason: "cancelled" }),
  "status 503": ({ machine, now }) => machine.lost(now),
  "connection lost": ({ machine, now }) => machine.disconnected(now),
  "connection back": ({ machine, now }) => {
    machine.raised(now);
    machine.resume(now);
  },
  // the shortest of all three waits would do for one of them only
  "time to probe": (bench) => bench.wait(bench.machine.state === "finished" ? 1_000 : 400),
  "probe not answered": (bench) => {
    bench.wait(400);
    bench.said.length = 0;
    bench.wait(1_000);
  },
  "`resumeTimeout` is over": (bench) => bench.wait(RESUME),
  "`idleTimeout` is over": (bench) => bench.wait(IDLE),
  "program gives a body": ({ machine, now }) => {
    machine.give({ code: "t", data: NOTHING, headerBlock: undefined });
    machine.flush(now);
  },
  "program ends or closes": (bench) => bench.close(),
  "program aborts": ({ machine, now }) => machine.abort({ reason: "cancelled" }, now),
  "broker begins to stop": ({ machine, now }) => machine.drain(now),
};

/** The next state, and what is said on the way, in the form of a cell without its notes. */
function cellOf(
  state: string,
  event: string,
  { resumeTimeout = RESUME, isServer = false, reach = STATES[state]! } = {},
): string {
  const bench = new Bench(resumeTimeout, isServer);
  reach(bench);
  assertEquals(bench.machine.state, state);
  bench.said.length = 0;
  EVENTS[event]!(bench);
  const now = bench.machine.state;
  return [now, ...bench.said].join(", ");
}

/** All cells with a note, and where they stand. */
function notedCells(note: string) {
  return page.events.flatMap(({ event, ...cells }) =>
    Object.entries(cells)
      .filter(([, cell]) => cell.includes(note))
      .map(([state, cell]) => ({ event: event!, state, cell: bare(cell) }))
  );
}

const bare = (cell: string) => cell.replace(/ ?[¹²³⁴⁵]/g, "");

Deno.test("PROTOCOL.md names every event and state of LinkMachine in its table of states", () => {
  assertEquals(page.events.map(({ event }) => event), Object.keys(EVENTS));
  const states = Object.keys(page.events[0]!).slice(1);
  assertEquals([...states, "over"], Object.keys(STATES));
});

Deno.test("LinkMachine does on every event in every state what PROTOCOL.md says", () => {
  for (const { event, ...cells } of page.events) {
    for (const [state, cell] of Object.entries(cells)) {
      if (cell === CANNOT_BE) continue;
      const expected = cell === NOTHING_HAPPENS ? state : bare(cell);
      const options = cell.includes("⁵") ? { reach: leaveWhileDown } : {};
      assertEquals(cellOf(state, event!, options), expected, `${event} when ${state}`);
    }
  }
});

Deno.test("LinkMachine ends at once where PROTOCOL.md says so of a resumeTimeout of 0", () => {
  for (const { event, open } of page.events) {
    if (open === CANNOT_BE || open === NOTHING_HAPPENS) continue;
    // it cannot say so while its connection is down
    const ended = open!.includes("³") ? "leaving" : "over, x";
    const expected = open!.includes("²") ? ended : bare(open!);
    assertEquals(cellOf("open", event!, { resumeTimeout: 0 }), expected, `${event} when open`);
  }
});

Deno.test("LinkMachine accepts again where PROTOCOL.md says so of a server that has heard nothing", () => {
  const cells = notedCells("⁴");
  assertEquals(cells.length, 3);
  for (const { event, state, cell } of cells) {
    const expected = cell.replace(", p", ", o");
    assertEquals(cellOf(state, event, { isServer: true }), expected, `${event} when ${state}`);
  }
});

Deno.test("LinkMachine cannot say that it has left before it is accepted, as PROTOCOL.md says", () => {
  const cells = notedCells("⁵");
  assertEquals(cells.length, 1);
  for (const { event, state } of cells) assertEquals(cellOf(state, event), state, event);
});

Deno.test("LinkMachine says that it stops when it can, as PROTOCOL.md says, and once", () => {
  const bench = new Bench(RESUME);
  bench.accept();
  bench.machine.disconnected(bench.now);
  bench.said.length = 0;
  bench.machine.drain(bench.now);
  assertEquals(bench.said, []);
  bench.machine.raised(bench.now);
  bench.machine.resume(bench.now);
  assertEquals(bench.said, ["p"]);
  bench.hear("credit");
  bench.hear("credit");
  assertEquals(bench.said, ["p", "d"]);
});

Deno.test("LinkMachine keeps to the renew of the other side, as PROTOCOL.md says, but for 400 ms", () => {
  assertEquals(silences("renew=0"), [400, 800, 1_600, 3_200, 6_400]);
  assertEquals(silences("renew=1000"), [400, 800, 1_000, 1_000, 1_000]);
  assertEquals(silences("renew=100"), [400, 400, 400, 400, 400]);
});

/** How long it is silent before each of its probes, all of them being answered. */
function silences(renew: string): readonly number[] {
  const bench = new Bench(RESUME);
  const terms = parseTerms(`1 session frames=4 bytes=64 body=64 responses=1 ${renew}`)!;
  bench.machine.accepted(terms, PEER, 1, bench.now);
  return Array.from({ length: 5 }, () => {
    const silence = bench.machine.due - bench.now;
    bench.said.length = 0;
    bench.wait(silence);
    assertEquals(bench.said, ["p"]);
    bench.hear("credit");
    return silence;
  });
}

Deno.test("LinkMachine does nothing any more once a link is over", () => {
  for (const event of Object.keys(EVENTS)) assertEquals(cellOf("over", event), "over", event);
});
