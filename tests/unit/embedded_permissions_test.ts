import { assert, assertEquals } from "@std/assert";
import { platformClock } from "../../src/clock.ts";
import { Permissions } from "../../src/testing/server/permissions.ts";
import { delay } from "./embedded/delay.ts";

Deno.test("Permissions allows everything where nothing is said", () => {
  const permissions = new Permissions({}, platformClock);
  assert(permissions.mayPublish("a"));
  assert(permissions.maySubscribe(">", undefined));
  assert(permissions.mayReceive("a", undefined));
});

Deno.test("Permissions has a denial win over what is allowed", () => {
  const permissions = new Permissions({
    publish: { allow: ["a.*"], deny: ["a.secret"] },
    subscribe: { allow: ["b.>"], deny: ["b.secret"] },
  }, platformClock);
  assert(permissions.mayPublish("a.b"));
  assert(!permissions.mayPublish("a.secret"));
  assert(!permissions.mayPublish("b"));
  assert(permissions.maySubscribe("b.c.d", undefined));
  assert(!permissions.maySubscribe("b.secret", undefined));
  assert(!permissions.maySubscribe("a", undefined));
});

Deno.test("Permissions takes an empty list of what may be published for nothing", () => {
  assert(!new Permissions({ publish: { deny: [">"] } }, platformClock).mayPublish("a"));
});

Deno.test("Permissions filters a subscription that is wider than a denial", () => {
  const permissions = new Permissions({ subscribe: { deny: ["a.secret"] } }, platformClock);
  assert(permissions.maySubscribe("a.*", undefined));
  assert(permissions.mustFilter("a.*", undefined));
  assert(!permissions.mustFilter("b.*", undefined));
  assert(!permissions.mustFilter("a.b", undefined));
  assert(!permissions.mayReceive("a.secret", undefined));
  assert(permissions.mayReceive("a.other", undefined));
});

Deno.test("Permissions can speak of one queue group", () => {
  const permissions = new Permissions({
    subscribe: { allow: ["jobs v1", "jobs v2.*"], deny: ["jobs v2.9"] },
  }, platformClock);
  assert(!permissions.maySubscribe("jobs", undefined));
  assert(permissions.maySubscribe("jobs", "v1"));
  assert(permissions.maySubscribe("jobs", "v2.1"));
  assert(!permissions.maySubscribe("jobs", "v2.9"));
  assert(!permissions.maySubscribe("jobs", "v3"));
});

Deno.test("Permissions.noteReply() allows one response, and takes all else away", () => {
  const permissions = new Permissions({ allowResponses: true }, platformClock);
  assert(!permissions.mayPublish("reply"));
  permissions.noteReply("reply");
  assertEquals([1, 2, 3].map(() => permissions.mayPublish("reply")), [true, false, false]);
});

Deno.test("Permissions.noteReply() leaves what may be published anyway alone", () => {
  const permissions = new Permissions({ publish: ["known"], allowResponses: true }, platformClock);
  permissions.noteReply("known");
  permissions.noteReply("reply");
  assertEquals([1, 2].map(() => permissions.mayPublish("known")), [true, true]);
  assertEquals([1, 2].map(() => permissions.mayPublish("reply")), [true, false]);
});

Deno.test("Permissions.noteReply() allows as many responses as were asked for", () => {
  const three = new Permissions({ allowResponses: { max: 3 } }, platformClock);
  three.noteReply("reply");
  assertEquals([1, 2, 3, 4].map(() => three.mayPublish("reply")), [true, true, true, false]);
  const any = new Permissions({ allowResponses: { max: -1 } }, platformClock);
  any.noteReply("reply");
  for (let i = 0; i < 100; i++) assert(any.mayPublish("reply"));
});

Deno.test("Permissions.noteReply() does not add up for one reply subject", () => {
  const permissions = new Permissions({ allowResponses: true }, platformClock);
  for (let i = 0; i < 5; i++) permissions.noteReply("reply");
  assertEquals([1, 2].map(() => permissions.mayPublish("reply")), [true, false]);
});

Deno.test("Permissions forgets a reply that has expired", async () => {
  for (const expires of [20, "20ms"] as const) {
    const permissions = new Permissions({ allowResponses: { expires } }, platformClock);
    permissions.noteReply("reply");
    await delay(40);
    assert(!permissions.mayPublish("reply"));
  }
});
