import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";

// What these tests say holds for the package and for its stand-in: they run on whichever is there.

/** Checks that an assertion fails, by means that are not under test. */
function fails(assertion: () => unknown, says = ""): void {
  try {
    assertion();
  } catch (error) {
    if (error instanceof AssertionError && error.message.includes(says)) return;
    throw error;
  }
  throw new Error(`Cannot trust an assertion as it must fail: ${assertion}`);
}

class Point {
  #x: number;
  constructor(x: number) {
    this.#x = x;
  }
  get x(): number {
    return this.#x;
  }
}

const cyclic = (): Record<string, unknown> => {
  const value: Record<string, unknown> = { a: 1 };
  value.self = value;
  return value;
};

const equalPairs: [string, unknown, unknown][] = [
  ["zeros", 0, -0],
  ["NaN", NaN, NaN],
  ["nested objects", { a: [1, { b: "c" }] }, { a: [1, { b: "c" }] }],
  ["objects without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["dates", new Date(5), new Date(5)],
  ["patterns", /a/g, /a/g],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["maps", new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
  ["sets", new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
  ["instances with getters", new Point(1), new Point(1)],
  ["cycles", cyclic(), cyclic()],
];

const unequalPairs: [string, unknown, unknown][] = [
  ["a number and its text", 1, "1"],
  ["null and undefined", null, undefined],
  ["a key that is undefined", { a: undefined }, {}],
  ["key of another name", { a: undefined }, { b: undefined }],
  ["lengths", [1], [1, 2]],
  ["prototypes", new Point(1), {}],
  ["getters", new Point(1), new Point(2)],
  ["patterns", /a/g, /a/],
  ["bytes", new Uint8Array([1]), new Uint8Array([2])],
  ["kinds of bytes", new Uint8Array([1]), new Int8Array([1])],
  ["map values", new Map([["a", 1]]), new Map([["a", 2]])],
  ["sets", new Set([1]), new Set([2])],
  ["symbols", { [Symbol.for("a")]: 1 }, { [Symbol.for("a")]: 2 }],
];

Deno.test.each(equalPairs)("equal() sees that %s are equal", (_name, a, b) => {
  assert(equal(a, b));
  assertEquals(a, b);
  fails(() => assertNotEquals(a, b), "not to be");
});

Deno.test.each(unequalPairs)("equal() sees that %s differ", (_name, a, b) => {
  assertFalse(equal(a, b));
  assertNotEquals(a, b);
  fails(() => assertEquals(a, b, "my words"), "Values are not equal: my words");
});

Deno.test("assert() and assertFalse() look at truth", () => {
  assert("yes");
  assertFalse(0);
  fails(() => assert(0, "is zero"), "is zero");
  fails(() => assertFalse("yes", "is text"), "is text");
});

Deno.test("assertStrictEquals() tells equal objects apart", () => {
  const one = { a: 1 };
  assertStrictEquals(one, one);
  assertNotStrictEquals(one, { a: 1 });
  fails(() => assertStrictEquals(one, { a: 1 }));
  fails(() => assertNotStrictEquals(one, one));
  fails(() => assertStrictEquals(0, -0));
});

Deno.test("assertExists() and assertInstanceOf() narrow what they look at", () => {
  const found: Error | undefined = [new TypeError("x")][0];
  assertExists(found);
  assertInstanceOf(found, TypeError);
  fails(() => assertExists(null), "to not be null or undefined");
  fails(() => assertInstanceOf(found, RangeError), "RangeError");
});

Deno.test("assertStringIncludes(), assertMatch() and assertNotMatch() look into text", () => {
  assertStringIncludes("signalbox", "box");
  assertMatch("signalbox", /^sig/);
  assertNotMatch("signalbox", /^box/);
  fails(() => assertStringIncludes("signalbox", "cat"), "cat");
  fails(() => assertMatch("signalbox", /^box/));
  fails(() => assertNotMatch("signalbox", /^sig/));
});

Deno.test("assertGreater() and its kin compare", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1, 2);
  assertLessOrEqual(2, 2);
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(10, 11, 1);
  fails(() => assertGreater(1, 1));
  fails(() => assertGreaterOrEqual(1, 2));
  fails(() => assertLess(1, 1));
  fails(() => assertLessOrEqual(2, 1));
  fails(() => assertAlmostEquals(10, 11, 0.5));
});

Deno.test("assertArrayIncludes() finds equal items", () => {
  assertArrayIncludes([1, { a: 1 }, 3], [{ a: 1 }, 1]);
  fails(() => assertArrayIncludes([1, { a: 1 }], [{ a: 2 }]), "to include");
});

Deno.test("assertObjectMatch() looks at what is expected alone", () => {
  const actual = { a: 1, b: { c: [1, 2, { d: 3, e: 4 }], f: new Date(1) } };
  assertObjectMatch(actual, { b: { c: [1, 2, { d: 3 }], f: new Date(1) } });
  fails(() => assertObjectMatch(actual, { b: { c: [1, 3] } }));
  fails(() => assertObjectMatch(actual, { b: { g: 1 } }));
  fails(() => assertObjectMatch(actual, { b: { f: new Date(2) } }));
});

Deno.test("assertThrows() gives the error it expected", () => {
  const thrower = () => {
    throw new TypeError("Cannot do it");
  };
  const error: TypeError = assertThrows(thrower, TypeError, "do it");
  assertEquals(error.message, "Cannot do it");
  assertThrows(thrower, Error);
  assertThrows(thrower, "my words");
  fails(() => assertThrows(thrower, RangeError), "RangeError");
  fails(() => assertThrows(thrower, TypeError, "undo it"), "undo it");
  fails(() => assertThrows(() => 1, "my words"), "Expected function to throw: my words");
  fails(
    () =>
      assertThrows(() => {
        throw "text";
      }, Error),
    "A non-Error object was thrown",
  );
});

Deno.test("assertRejects() wants a promise that rejects", async () => {
  const error: TypeError = await assertRejects(
    () => Promise.reject(new TypeError("Cannot do it")),
    TypeError,
    "do it",
  );
  assertEquals(error.message, "Cannot do it");
  assertEquals(await assertRejects(() => Promise.reject("text")), "text");

  const failing: [() => Promise<unknown>, string][] = [
    [() => assertRejects(() => Promise.resolve(1)), "Expected function to reject"],
    [() => assertRejects(() => Promise.reject(new TypeError("x")), RangeError), "RangeError"],
    [() => assertRejects(() => Promise.reject(new Error("x")), Error, "y"), `"y"`],
    [() => assertRejects(() => Promise.reject(1), Error), "A non-Error object was rejected"],
    [
      () =>
        assertRejects(() => {
          throw new Error("at once");
        }),
      "Function throws when expected to reject",
    ],
  ];
  for (const [assertion, says] of failing) {
    const reason = await assertion().then(() => undefined, (reason) => reason);
    fails(() => {
      throw reason;
    }, says);
  }
});

Deno.test("fail() and unreachable() always throw", () => {
  fails(() => fail("my words"), "Failed assertion: my words");
  fails(() => unreachable());
});
