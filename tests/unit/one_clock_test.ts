import { assertEquals } from "@std/assert";

const SRC = new URL("../../src/", import.meta.url);

/** What reads the time, waits, or leaves something to chance, by itself. */
const DIRECT = [
  /(?<![\w.#$])performance\b(?!\.)|(?<![\w.#$])performance\s*\.\s*now/g,
  /(?<![\w.#$])Date\s*\.\s*now|(?<![\w.#$])new\s+Date\s*(?:\(\s*\)|[;,)\]])/g,
  /(?<![\w.#$])(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|clearImmediate)\b/g,
  /(?<![\w.#$])AbortSignal\s*\.\s*timeout/g,
  /(?<![\w.#$])Math\s*\.\s*random/g,
  /(?<![\w.#$])crypto\s*\.\s*(?:getRandomValues|randomUUID)/g,
  /(?<![\w.#$])(?:globalThis|self|window)\b(?=[^;\n]*(?:setTimeout|performance|Date|Math|crypto))/g,
  /(?<![\w.#$])Deno\s*\.\s*(?:unrefTimer|refTimer)/g,
  /from "(?:@std\/async|node:timers|node:perf_hooks)/g,
];

/** Where the platform is reached. */
const ALLOWED = [/^clock\.ts$/];

/** Those that may go by the platform's clock, whatever their broker goes by. */
const BY_THE_PLATFORM = [
  // the default, and what wraps it
  "testing/server/embedded_server.ts",
  "testing/server/moved_clock.ts",
  "testing/test_broker.ts",
  // where no broker is known
  "message/work.ts",
  "subscriber/handler_queue.ts",
  // only the turn that is being made matters
  "events.ts",
  // the work of the processor, and sockets, which no test moves
  "pacing.ts",
  "testing/server/congestion.ts",
  "testing/server/listener_tcp.ts",
  "testing/server/listener_websocket.ts",
  "testing/server/parser.ts",
  "testing/server/pipe.ts",
  "testing/server/reading.ts",
];

function* paths(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, SRC))) {
    if (isDirectory) yield* paths(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

/** The code without its comments; what is in text stays, as templates may hold code. */
function codeOf(text: string): string {
  return text.replaceAll(
    /\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g,
    (comment) => comment.replaceAll(/[^\n]/g, " "),
  );
}

/** Where the platform is reached directly, as `line: what`. */
function directUses(text: string): string[] {
  const code = codeOf(text);
  return DIRECT.flatMap((pattern) =>
    [...code.matchAll(pattern)].flatMap(({ 0: found, index }) => {
      // a method of that name is what a clock has, and is no call of the platform's
      const isMethod = /^\s*\(\w+: |^\s*\(callback|^\s*[:=]/.test(code.slice(index + found.length));
      if (isMethod) return [];
      return [`${code.slice(0, index).split("\n").length}: ${found.replaceAll(/\s+/g, " ")}`];
    })
  );
}

Deno.test("Time, timers and chance of the platform are reached in src/clock.ts alone", () => {
  const found = [...paths()].sort()
    .filter((path) => !ALLOWED.some((allowed) => allowed.test(path)))
    .flatMap((path) =>
      directUses(Deno.readTextFileSync(new URL(path, SRC))).map((use) => `src/${path}:${use}`)
    );
  assertEquals(found, []);
});

Deno.test("The platform's clock is used by those alone that no broker and no server has given one", () => {
  const users = [...paths()].filter((path) =>
    /\b(?:platformClock|realDelay|afterTurn)\b/.test(
      codeOf(Deno.readTextFileSync(new URL(path, SRC))),
    )
  );
  const others = users.filter((path) => !ALLOWED.some((allowed) => allowed.test(path)));
  assertEquals(
    others.sort(),
    BY_THE_PLATFORM.toSorted(),
  );
});

Deno.test("What reaches the platform is found, however it is written", () => {
  const direct = [
    "const at = performance.now();",
    "const at = performance\n  .now();",
    "const { now } = performance;",
    "const at = Date.now();",
    "const at = new Date();",
    "const at = new Date( );",
    "setTimeout(call, 5);",
    "const later = setTimeout;",
    "globalThis.setTimeout(call, 5);",
    "const { setTimeout } = globalThis;",
    "const all = globalThis.performance;",
    "clearTimeout(timer);",
    "setInterval(call, 5);",
    "const signal = AbortSignal.timeout(5);",
    "const part = Math.random();",
    "crypto.getRandomValues(bytes);",
    "const id = crypto.randomUUID();",
    "Deno.unrefTimer(timer);",
    'import { delay } from "@std/async/delay";',
    'import { setTimeout } from "node:timers/promises";',
  ];
  for (const code of direct) assertEquals(directUses(code).length > 0, true, code);
  const others = [
    "this.#clock.setTimeout(call, 5);",
    "clock.now();",
    "new Date(milliseconds).toISOString();",
    "Date.parse(text);",
    "// performance.now() would go on",
    "/* setTimeout(call, 5) */",
    "crypto.subtle.digest(name, bytes);",
    "Math.max(1, 2);",
  ];
  for (const code of others) assertEquals(directUses(code), [], code);
});
