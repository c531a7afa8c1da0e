import { assertEquals, assertStrictEquals } from "@std/assert";
import { COMPLETE } from "../../../src/link/frames/control_frames.ts";
import { pick, type Random, seeded } from "../seeded_random.ts";
import { cellOf, EVENTS } from "./machine_events.ts";
import { PEER, Stage, TERMS, unnumbered } from "./machine_stage.ts";

const INCOMING = /^(accepted|numbered|control|peerLeft|lost)/;
const ONE_EACH = { max: 1, expires: 1_000 };

Deno.test("LinkMachine tells with every word what has come, what there is room for, and what it sent", () => {
  const stage = new Stage();
  stage.accept();
  stage.frame(1);
  stage.frame(2);
  stage.send();
  stage.machine.read(8);
  stage.hear("probe");
  const tally = { received: 2, frames: 5, bytes: 72, sent: 1, spent: 0 };
  assertEquals(stage.said.at(-1), { kind: "credit", serial: 3, tally, address: PEER });
});

Deno.test("LinkMachine counts its words from 2, as the first went with the opening", () => {
  const stage = new Stage();
  stage.accept();
  for (let at = 0; at < 3; at++) stage.hear("probe");
  assertEquals(stage.said.map(({ serial }) => serial), [2, 3, 4, 5]);
});

Deno.test("LinkMachine stays with the first address where it may send anywhere", () => {
  const stage = new Stage();
  stage.accept();
  for (const serial of [9, 10, 11]) stage.hear("probe", {}, serial);
  assertEquals(new Set(stage.sentTo), new Set([PEER]));
});

Deno.test("LinkMachine sends one message to each address, and keeps the last for a word", () => {
  const stage = new Stage({}, { max: 1, expires: 120_000 });
  assertStrictEquals(stage.machine.opened(TERMS, PEER, 1, 0), PEER);
  stage.send();
  stage.hear("credit", {}, 2);
  assertEquals(stage.cell(), "open:");
  stage.hear("credit", {}, 3);
  assertEquals(stage.cell(), "open: >1");
  stage.hear("probe", {}, 4);
  assertEquals(stage.cell(), "open: c");
  assertEquals(stage.sentTo, ["_PEER.x.c2", "_PEER.x.c3"]);
  assertEquals(stage.said[0]!.tally.spent, 3);
});

Deno.test("LinkMachine sends an end with its last message", () => {
  const stage = new Stage({}, { max: 1, expires: 120_000 });
  stage.machine.opened(TERMS, PEER, 1, 0);
  stage.send("e", 0);
  stage.hear("credit", {}, 2);
  assertEquals(stage.cell(), "open: >1");
});

Deno.test("LinkMachine uses no address that has come before the loss of its connection", () => {
  const stage = new Stage({}, { max: 16, expires: 120_000 });
  stage.machine.opened(TERMS, PEER, 1, 0);
  stage.hear("credit", {}, 7);
  stage.machine.disconnected(0);
  stage.machine.raised(0);
  stage.machine.resume(0);
  assertEquals(stage.cell(), "paused:");
  stage.hear("probe", {}, 8);
  assertEquals([stage.cell(), stage.sentTo], ["open: c", ["_PEER.x.c8"]]);
  assertEquals(stage.said[0]!.tally.spent, 7);
});

Deno.test("LinkMachine uses no address that has grown old", () => {
  const stage = new Stage({}, { max: 16, expires: 1_000 });
  stage.machine.opened(TERMS, PEER, 1, 0);
  stage.now = 801;
  stage.machine.drain(stage.now);
  assertEquals(stage.cell(), "open:");
});

Deno.test("LinkMachine says that it stops as soon as it has an address", () => {
  const stage = new Stage({}, ONE_EACH);
  stage.machine.opened(TERMS, PEER, 1, 0);
  stage.machine.drain(0);
  assertEquals(stage.cell(), "open:");
  stage.hear("credit", {}, 2);
  stage.hear("credit", {}, 3);
  assertEquals(stage.cell(), "open: d");
});

Deno.test("LinkMachine gives a limited side the addresses that it must have", () => {
  const stage = new Stage();
  stage.accept({ responses: 1 });
  // a window of 4 frames, and 4 in reserve
  assertEquals(stage.cell(), "open: c c c c c c c c");
  stage.machine.addressed(2);
  stage.machine.addressed(3);
  stage.hear("credit");
  assertEquals(stage.cell(), "open: c c");
  stage.hear("credit", { spent: 9 });
  assertEquals(stage.cell(), "open: c c c c c c");
});

Deno.test("LinkMachine asks for what is missing once, and again when something else is", () => {
  const stage = new Stage();
  stage.accept();
  stage.frame(2);
  stage.frame(3);
  stage.hear("credit", { sent: 3 });
  assertEquals(stage.cell(), "open: c g");
  stage.frame(1);
  stage.frame(3);
  assertEquals(stage.cell(), "open: <1 g");
});

Deno.test("LinkMachine sends several frames as one message, as long as the other side takes it", () => {
  const stage = new Stage();
  stage.accept({ several: 30 });
  for (let at = 0; at < 5; at++) stage.give();
  stage.machine.flush(0);
  // of 13 bytes each, and the window has room for 4
  assertEquals(stage.cell(), "open: c >1,2 >3,4");
  stage.hear("credit", { received: 4, frames: 8 });
  assertEquals(stage.cell(), "open: >5");
});

Deno.test("LinkMachine goes back to what is not acknowledged when it is asked to", () => {
  const stage = new Stage();
  stage.accept();
  for (let at = 0; at < 3; at++) stage.send();
  stage.hear("gap", { received: 1 });
  assertEquals(stage.cell(), "open: c >1 >2 >3 >2 >3");
  stage.hear("gap", { received: 3 });
  assertEquals(stage.cell(), "open:");
});

Deno.test("LinkMachine is complete once both have said all, and sends no end twice for it", () => {
  const stage = new Stage();
  stage.accept();
  stage.send("e", 0);
  stage.frame(1, "e");
  stage.hear("credit", { received: 1 });
  assertEquals(stage.cell(), "finished: c >1 <1 c q !complete");
  assertEquals(stage.give(), 0);
});

Deno.test("LinkMachine that only reads has said all from the beginning", () => {
  const stage = new Stage();
  stage.machine.restrict("reading");
  stage.accept();
  assertEquals(stage.send(), 0);
  stage.frame(1);
  stage.frame(2, "f");
  assertEquals(stage.cell(), "finished: c <1 <2 q !complete");
});

Deno.test("LinkMachine that only sends is told nothing, and done when its end has come over", () => {
  const stage = new Stage();
  stage.machine.restrict("sending");
  stage.machine.opened(TERMS, PEER, 1, 0);
  stage.send();
  stage.machine.close(COMPLETE, unnumbered("f", 0), 0);
  stage.frame(1);
  stage.hear("credit", { received: 2 });
  assertEquals(stage.cell(), "finished: >1 >2 q !complete");
});

Deno.test("LinkMachine keeps what it promises, whatever happens in whatever order", () => {
  // nobody looks at the clock of a link that is over, and an opening comes but once
  const events = Object.keys(EVENTS).filter((event) => event !== "opened");
  for (let seed = 1; seed <= 2_000; seed++) checkAnything(seed, seeded(seed * 7_919), events);
});

function checkAnything(seed: number, random: Random, events: readonly string[]): void {
  const allowance = pick(random, [undefined, ONE_EACH, { max: 3, expires: 9_000 }]);
  const stage = new Stage({ resumeTimeout: pick(random, [0, 5_000]) }, allowance);
  if (random(2) === 0) stage.machine.opened({ ...TERMS, responses: random(3) }, PEER, 1, 0);
  const happened: string[] = [];
  let isDown = false;
  for (let at = 0; at < 30; at++) {
    const event = pick(random, events);
    if (stage.machine.state === "over" && event.startsWith("tick")) continue;
    // nothing comes in while our connection is gone
    if (isDown && INCOMING.test(event)) continue;
    if (event === "disconnected" || event === "resume") isDown = event === "disconnected";
    happened.push(event);
    EVENTS[event]!(stage);
    const all = stage.done.filter((word) => word !== "…").join(" ");
    const isOver = stage.machine.state === "over";
    const story = `Seed ${seed}: ${happened.join("; ")}: ${all}`;
    assertEquals(all.split("!").length <= 2, true, story);
    assertEquals(isOver, stage.done.includes("."), story);
    assertEquals(all.includes(". "), false, story);
    assertEquals(Number.isNaN(stage.machine.due), false, story);
  }
}

Deno.test("LinkMachine has nothing to look at the clock for while its opening is on its way", () => {
  const { machine } = new Stage();
  assertEquals([machine.due, cellOf("opening", "tick after 20 s")], [Infinity, "opening:"]);
});
