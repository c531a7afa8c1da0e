import { assertEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { ServerPool } from "../../../src/connection/servers.ts";

/** What a pool of these has learnt. */
function learnt(urls: readonly string[], addresses: unknown): readonly string[] {
  const pool = new ServerPool(platformClock, urls);
  pool.learn(addresses);
  assertEquals(pool.urls.slice(0, urls.length), urls);
  return pool.urls.slice(urls.length);
}

Deno.test("ServerPool.learn() adds what a server tells, and forgets what the next does not tell", () => {
  const pool = new ServerPool(platformClock, ["a:1"]);
  pool.learn(["b:2", "c:3"]);
  assertEquals(pool.urls, ["a:1", "b:2", "c:3"]);
  pool.learn(["c:3", "d:4"]);
  assertEquals(pool.urls, ["a:1", "c:3", "d:4"]);
  pool.learn([]);
  assertEquals(pool.urls, ["a:1"]);
});

Deno.test("ServerPool.learn() keeps what it knows where a server tells nothing that can be read", () => {
  const pool = new ServerPool(platformClock, ["a:1"]);
  pool.learn(["b:2"]);
  for (const nothing of [undefined, null, 7, "c:3", {}, true, { length: 1, 0: "c:3" }]) {
    pool.learn(nothing);
    assertEquals(pool.urls, ["a:1", "b:2"]);
  }
});

Deno.test("ServerPool.learn() takes no address that is none", () => {
  const odd = [
    null,
    7,
    {},
    [],
    ["b:2"],
    "",
    " ",
    ":",
    ":2",
    "b",
    "b:",
    "b:x",
    "b:-1",
    "b:0",
    "b:65536",
  ];
  const urls = [
    "nats://b:2",
    "ada@b:2",
    "ada:pw@b:2",
    "b:2/x",
    "b:2?x",
    "b:2#x",
    "b:2 ",
    " b:2",
    "b\\c:2",
  ];
  const unsafe = ["b\r\nPUB x 0:2", "\u001b[31m:2", "\u202eb:2", "b\0:2"];
  const six = ["::1", "[::1]", "[::1", "[]:2", "::1:2:3", `[${"0:".repeat(40)}1]:2`];
  for (const address of [...odd, ...urls, ...unsafe, ...six, `${"x".repeat(254)}:2`]) {
    assertEquals(learnt(["a:1"], [address]), [], String(address));
  }
});

Deno.test("ServerPool.learn() takes names, IPv4 and IPv6", () => {
  const told = [
    "nats-1.example.com:4222",
    "10.0.0.1:65535",
    "[2001:db8::7]:1",
    "[fe80::1%eth0]:2",
    "größe.example:3",
  ];
  assertEquals(learnt(["a:1"], told), told);
});

Deno.test("ServerPool.learn() passes over the servers of the configuration, with the port that they have by default", () => {
  const configured = ["a:1", "b", "[::1]", "[::1]:5", "C.example"];
  const told = ["a:1", "b:4222", "[::1]:4222", "[::1]:5", "c.EXAMPLE:4222", "A:1", "d:1"];
  assertEquals(learnt(configured, told), ["d:1"]);
  assertEquals(learnt(["ws://a", "ws://b:8080/path?x"], ["a:80", "b:8080", "a:4222"]), [
    "ws://a:4222",
  ]);
  assertEquals(learnt(["wss://a"], ["a:443", "b:443"]), ["wss://b:443"]);
});

Deno.test("ServerPool.learn() has what it is told dialled as the first server of the configuration is", () => {
  assertEquals(learnt(["a:1"], ["b:2"]), ["b:2"]);
  assertEquals(learnt(["ws://a:1"], ["b:2"]), ["ws://b:2"]);
  assertEquals(learnt(["wss://a:1", "ws://c:1"], ["b:2", "[::1]:3"]), [
    "wss://b:2",
    "wss://[::1]:3",
  ]);
});

Deno.test("ServerPool.learn() takes each address once, whatever its case", () => {
  assertEquals(learnt(["a:1"], ["B:2", "b:2", "B:2"]), ["b:2"]);
});

Deno.test("ServerPool.learn() takes 256 addresses at most", () => {
  const told = Array.from({ length: 10_000 }, (_, n) => `b${n}:1`);
  assertEquals(learnt(["a:1"], told), told.slice(0, 256));
});

Deno.test("ServerPool.leastRecentlyDialled() goes round, and comes to what was dialled last at the end", () => {
  const pool = new ServerPool(platformClock, ["a:1", "b:2", "c:3"]);
  pool.dialled("b:2");
  const order = [];
  for (let turn = 0; turn < 6; turn++) {
    const url = pool.leastRecentlyDialled();
    order.push(url);
    pool.dialled(url);
  }
  assertEquals(order, ["a:1", "c:3", "b:2", "a:1", "c:3", "b:2"]);
});

Deno.test("ServerPool.leastRecentlyDialled() takes what it has just been told of first, and again after it was forgotten", () => {
  const pool = new ServerPool(platformClock, ["a:1"]);
  pool.dialled("a:1");
  pool.learn(["b:2"]);
  assertEquals(pool.leastRecentlyDialled(), "b:2");
  pool.dialled("b:2");
  assertEquals(pool.leastRecentlyDialled(), "a:1");
  pool.learn([]);
  pool.learn(["b:2"]);
  assertEquals(pool.leastRecentlyDialled(), "b:2");
});

Deno.test("ServerPool.shuffled() has each server once, in every order", () => {
  const pool = new ServerPool(platformClock, ["a:1", "b:2"]);
  pool.learn(["c:3"]);
  const orders = new Set<string>();
  for (let turn = 0; turn < 500; turn++) {
    const order = pool.shuffled();
    assertEquals([...order].sort(), ["a:1", "b:2", "c:3"]);
    orders.add(order.join());
  }
  assertEquals(orders.size, 6);
});
