import { assertEquals } from "@std/assert";
import { LinkMachine } from "../../../src/link/machine/link_machine.ts";
import { checkColumn, EVENTS, readTable, STATES } from "./machine_events.ts";
import { Stage } from "./machine_stage.ts";

// the words are those of `Stage`; a brittle machine has a `resumeTimeout` of 0
const TABLE = readTable(`
                             | open                      | brittle                   | paused
opened                       | –                         | –                         | –
accepted                     | open: c                   | open: c                   | open: c
refused                      | open:                     | open:                     | paused:
restrict to reading          | open:                     | open:                     | paused:
restrict to sending          | open:                     | open:                     | paused:
give                         | open: = 2                 | open: = 2                 | paused: = 2
give, flush                  | open: >2 = 2              | open: >2 = 2              | paused: = 2
give e, flush                | open: >2 = 2              | open: >2 = 2              | paused: = 2
flush                        | open:                     | open:                     | paused:
read a little                | open: = false             | open: = false             | paused: = false
read half                    | open: = true              | open: = true              | paused: = true
credit                       | open:                     | open:                     | paused:
credit, half read            | open: c                   | open: c                   | paused: c
close                        | open: c >2                | open: c >2                | paused:
close, failed                | open: c >2                | open: c >2                | paused:
abort                        | over: x !deadline .       | over: x !deadline .       | over: x !deadline .
fail                         | over: x !gap .            | over: x !gap .            | over: x !gap .
drain                        | open: d                   | open: d                   | paused: d
addressed                    | open:                     | open:                     | paused:
numbered next                | open: <2                  | open: <2                  | open: <2
numbered next piece          | open: <2                  | open: <2                  | open: <2
numbered again               | open:                     | open:                     | open:
numbered early               | open: g                   | over: x !gap .            | open: g
numbered early f             | open: g                   | over: x !gap .            | open: g
numbered beyond              | over: x !error .          | over: x !error .          | over: x !error .
numbered e                   | open: <2 c                | open: <2 c                | open: <2 c
numbered f                   | finished: <2 q !cancelled | finished: <2 q !cancelled | finished: <2 q !cancelled
numbered f, failed           | finished: <2 q !error     | finished: <2 q !error     | finished: <2 q !error
control open                 | open:                     | open:                     | open:
control open, missing        | open:                     | open:                     | open:
control open, impossible     | over: x !gap .            | over: x !gap .            | over: x !gap .
control credit               | open:                     | open:                     | open:
control credit, missing      | open: g                   | over: x !gap .            | open: g
control credit, impossible   | over: x !gap .            | over: x !gap .            | over: x !gap .
control probe                | open: c                   | open: c                   | open: c
control probe, missing       | open: g                   | open: g                   | open: g
control probe, impossible    | over: x !gap .            | over: x !gap .            | over: x !gap .
control gap                  | open: >1                  | over: x !gap .            | open: >1
control gap, missing         | open: >1                  | over: x !gap .            | open: >1
control gap, impossible      | over: x !gap .            | over: x !gap .            | over: x !gap .
control farewell             | over: x !gap .            | over: x !gap .            | over: x !gap .
control farewell, missing    | over: x !gap .            | over: x !gap .            | over: x !gap .
control farewell, impossible | over: x !gap .            | over: x !gap .            | over: x !gap .
control draining             | open: draining            | open: draining            | open: draining
control draining, missing    | open: draining            | open: draining            | open: draining
control draining, impossible | over: x !gap .            | over: x !gap .            | over: x !gap .
control abort                | open:                     | open:                     | open:
control abort, missing       | open:                     | open:                     | open:
control abort, impossible    | over: x !gap .            | over: x !gap .            | over: x !gap .
control credit, all there    | open:                     | open:                     | open:
control farewell, all there  | over: x !gap .            | over: x !gap .            | over: x !gap .
peerLeft                     | over: !idle .             | over: !idle .             | over: !idle .
lost                         | paused:                   | over: x !peer-gone .      | paused:
doubt                        | open: p                   | open: p                   | paused:
disconnected                 | paused:                   | leaving: !peer-gone       | paused:
resume                       | open:                     | open:                     | paused: p
tick at once                 | open:                     | open:                     | paused:
tick after 400 ms            | open: p                   | open: p                   | paused: p
tick after 1 s               | open: p                   | open: p                   | paused: p
tick, unanswered             | paused: p …               | over: p … x !peer-gone .  | paused: p … p
tick after 5 s               | open: p                   | open: p                   | over: x !peer-gone .
tick after 10 s              | open: p                   | open: p                   | over: x !peer-gone .
tick after 20 s              | over: x !idle .           | over: x !idle .           | over: x !idle .
`);

Deno.test("LinkMachine is open until it is closed, left or out of reach", () => {
  checkColumn(TABLE, "open");
});

Deno.test("LinkMachine bears no loss where it is not to resume", () => {
  checkColumn(TABLE, "brittle", { resumeTimeout: 0 }, "open");
});

Deno.test("LinkMachine keeps what is given while it is paused, and goes on when it hears", () => {
  checkColumn(TABLE, "paused");
});

Deno.test("LinkMachine has no method that the tables leave out", () => {
  const ofEvents = new Set(Object.keys(EVENTS).map((event) => /^\w+/.exec(event)![0]));
  const passive = [
    "constructor",
    "state",
    "out",
    "due",
    "isMet",
    "isSuspended",
    "received",
    "raised",
  ];
  const methods = Object.getOwnPropertyNames(LinkMachine.prototype);
  const known = new Set([...ofEvents, ...passive]);
  assertEquals(methods.filter((method) => !known.has(method)), []);
  assertEquals([...ofEvents].filter((method) => !methods.includes(method)), []);
});

Deno.test("LinkMachine comes into every state, and into no other", () => {
  for (const state of ["opening", "open", "paused", "leaving", "finished", "over"]) {
    const stage = new Stage();
    STATES[state]!(stage);
    assertEquals(stage.machine.state, state);
  }
});
