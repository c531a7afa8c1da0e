import { checkColumn, readTable } from "./machine_events.ts";

// closing: we have said all, and an end that is not acknowledged; half done: the other side has said all;
// addressless: the server lets us send one message to each address, and the acceptance took the only one
const TABLE = readTable(`
                             | closing               | half done              | addressless
opened                       | –                     | –                      | –
accepted                     | open: c               | open: c                | open:
refused                      | open:                 | open:                  | open:
restrict to reading          | open:                 | open:                  | open:
restrict to sending          | open:                 | open:                  | open:
give                         | open: = 0             | open: = 2              | open: = 1
give, flush                  | open: = 0             | open: >2 = 2           | open: = 1
give e, flush                | open: = 0             | open: >2 = 2           | open: = 1
flush                        | open:                 | open:                  | open:
read a little                | open: = false         | open: = false          | open: = false
read half                    | open: = false         | open: = false          | open: = true
credit                       | open:                 | open:                  | open:
credit, half read            | open: c               | open: c                | open:
close                        | open:                 | open: >2               | open:
close, failed                | open:                 | open: >2               | open:
abort                        | open:                 | over: x !deadline .    | leaving: !deadline
fail                         | over: x !gap .        | over: x !gap .         | leaving: !gap
drain                        | open: d               | open: d                | open:
addressed                    | open:                 | open:                  | open:
numbered next                | open:                 | open:                  | open: <1
numbered next piece          | open:                 | open:                  | open: <1
numbered again               | open:                 | open:                  | open:
numbered early               | open: g               | open: g                | open:
numbered early f             | open: g               | open: g                | open:
numbered beyond              | over: x !error .      | over: x !error .       | leaving: !error
numbered e                   | open: c               | open: c                | open: <1
numbered f                   | finished: q !cancelled | finished: q !cancelled | finished: <1 !complete
numbered f, failed           | finished: q !error    | finished: q !error     | finished: <1 !error
control open                 | open:                 | open:                  | open:
control open, missing        | open:                 | open:                  | open:
control open, impossible     | over: x !gap .        | over: x !gap .         | over: x !gap .
control credit               | open:                 | open:                  | open:
control credit, missing      | open: g               | open: g                | open: g
control credit, impossible   | over: x !gap .        | over: x !gap .         | over: x !gap .
control probe                | open: c               | open: c                | open: c
control probe, missing       | open: g               | open: g                | open: g
control probe, impossible    | over: x !gap .        | over: x !gap .         | over: x !gap .
control gap                  | open: c >1 >2         | open: >1               | open:
control gap, missing         | open: c >1 >2         | open: >1               | open:
control gap, impossible      | over: x !gap .        | over: x !gap .         | over: x !gap .
control farewell             | over: q !cancelled .  | over: x !gap .         | over: x !gap .
control farewell, missing    | over: q !cancelled .  | over: x !gap .         | over: x !gap .
control farewell, impossible | over: x !gap .        | over: x !gap .         | over: x !gap .
control draining             | open: draining        | open: draining         | open: draining
control draining, missing    | open: draining        | open: draining         | open: draining
control draining, impossible | over: x !gap .        | over: x !gap .         | over: x !gap .
control abort                | open:                 | open:                  | open:
control abort, missing       | open:                 | open:                  | open:
control abort, impossible    | over: x !gap .        | over: x !gap .         | over: x !gap .
control credit, all there    | finished: q !complete | open:                  | open:
control farewell, all there  | over: q !complete .   | over: x !gap .         | over: x !gap .
peerLeft                     | over: !idle .         | over: !idle .          | over: !idle .
lost                         | paused:               | paused:                | paused:
doubt                        | open: p               | open: p                | open:
disconnected                 | paused:               | paused:                | paused:
resume                       | open:                 | open:                  | open:
tick at once                 | open:                 | open:                  | open:
tick after 400 ms            | open: p               | open: p                | open:
tick after 1 s               | open: p               | open: p                | open:
tick, unanswered             | paused: p …           | paused: p …            | paused: …
tick after 5 s               | open: p               | open: p                | open:
tick after 10 s              | open: p               | open: p                | open:
tick after 20 s              | open:                 | over: x !idle .        | leaving: !idle
`);

Deno.test("LinkMachine delivers nothing more once it has been closed from here", () => {
  checkColumn(TABLE, "closing");
});

Deno.test("LinkMachine goes on sending when the other side has said all", () => {
  checkColumn(TABLE, "half done");
});

Deno.test("LinkMachine says nothing while it has no address, and first of all when it gets one", () => {
  checkColumn(TABLE, "addressless");
});
