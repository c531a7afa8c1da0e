import { assertEquals } from "@std/assert";
import * as front from "../../mod.ts";
import * as testing from "../../src/testing/mod.ts";

const SRC = new URL("../../src/", import.meta.url);

/** Rooms and single files from the lowest floor up. A file imports only from its own room and from lower floors. */
const FLOORS: readonly (readonly string[])[] = [
  [
    "clock.ts",
    "cron.ts",
    "duration.ts",
    "errors.ts",
    "events.ts",
    "options.ts",
    "deadline.ts",
    "legible.ts",
    "promises.ts",
    "busy_map.ts",
    "queue.ts",
    "reader.ts",
    "pacing.ts",
  ],
  ["subject"],
  ["message"],
  ["middleware", "wire"],
  ["line"],
  ["reach"],
  ["connection"],
  ["log"],
  ["replies"],
  ["inbox"],
  ["requests"],
  ["service"],
  ["sending"],
  ["link"],
  ["link/frames"],
  ["link/machine"],
  ["link/links.ts"],
  ["link/ends"],
  ["link/load.ts"],
  ["source"],
  ["subscriber"],
  ["broker"],
  ["testing", "demo", "door"],
  ["jetstream/api"],
  ["jetstream/dead"],
  ["jetstream/stream"],
  ["jetstream/publish", "jetstream/read"],
  ["jetstream/consumer", "jetstream/changes", "jetstream/ingest"],
  ["jetstream/replay", "jetstream/control", "jetstream/schedule"],
  ["jetstream"],
  ["kv", "obj"],
];

/** Import and export statements, and imports within code or types; a doc comment's lines begin with `*`. */
const IMPORTS =
  /^(?:import|export)\s+(?:(?:type\s+)?(?:[\w*]+[\w*,\s]*)?(?:\{[^}]*\}\s*)?from\s+)?"([^"]+)"|^(?! *\*|\s*\/\/).*\bimport\("([^"]+)"\)/gm;

interface SourceFile {
  /** From `src/`, such as `message/codecs.ts`. */
  readonly path: string;
  readonly text: string;
  /** The specifiers of its imports, as written. */
  readonly imports: readonly string[];
  /** The imported files of this package, by their paths from `src/`. */
  readonly uses: readonly string[];
}

function* paths(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, SRC))) {
    if (isDirectory) yield* paths(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield folder + name;
  }
}

function read(path: string): SourceFile {
  const url = new URL(path, SRC);
  const text = Deno.readTextFileSync(url);
  const imports = [...text.matchAll(IMPORTS)].map(([, stated, inner]) => (stated ?? inner)!);
  const own = imports.filter((name) => name.startsWith("."));
  return {
    path,
    text,
    imports,
    uses: own.map((name) => new URL(name, url).href.slice(SRC.href.length)),
  };
}

const files = [...paths()].sort().map(read);

/** The innermost room or single file that is on a floor. */
function roomOf(path: string): string {
  const rooms = FLOORS.flat().filter((room) => path === room || path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? path.split("/")[0]!;
}

function floorOf(path: string): number {
  const room = roomOf(path);
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

/** Circles of imports, each once and as one line. */
function cycles(): string[] {
  const uses = new Map(files.map((file) => [file.path, file.uses]));
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(" → "));
    if (way.includes(path) || done.has(path)) return;
    for (const used of uses.get(path) ?? []) visit(used, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}

Deno.test("src/ is read whole, each import of it included", () => {
  const known = new Set(files.map(({ path }) => path));
  const lost = files.flatMap(({ path, uses }) =>
    uses.filter((used) => !known.has(used)).map((used) => `${path} → ${used}`)
  );
  assertEquals(lost, []);
  assertEquals(read("deadline.ts").uses, ["clock.ts", "errors.ts", "promises.ts"]);
  assertEquals(read("connection/dial.ts").imports, [
    "@nats-io/transport-deno",
    "../clock.ts",
  ]);
});

Deno.test("Every file of src/ is on a floor", () => {
  assertEquals(files.map(({ path }) => path).filter((path) => floorOf(path) < 0), []);
});

Deno.test("Imports go down, from floor to floor, types included", () => {
  const up = files.flatMap(({ path, uses }) =>
    uses.filter((used) =>
      floorOf(used) > floorOf(path) ||
      (floorOf(used) === floorOf(path) && roomOf(used) !== roomOf(path) && floorOf(path) > 0 &&
        roomOf(path) !== "demo")
    ).map((used) => `${path} → ${used}`)
  );
  assertEquals(up, []);
});

Deno.test("The embedded server imports nothing outside itself but the lowest floor", () => {
  const server = files.filter(({ path }) => path.startsWith("testing/server/"));
  const outside = server.flatMap(({ path, imports, uses }) => [
    ...imports.filter((name) => !name.startsWith(".")).map((name) => `${path} → ${name}`),
    ...uses.filter((used) => !used.startsWith("testing/server/") && floorOf(used) > 0),
  ]);
  assertEquals(outside, []);
});

Deno.test("No file of src/ leads back to itself, types included", () => {
  assertEquals(cycles(), []);
});

Deno.test("Only the ground imports the NATS client, and two files a built-in of the runtime each", () => {
  const foreign = files.flatMap(({ path, imports }) =>
    imports.filter((name) => !name.startsWith(".")).map((name) =>
      `${name.startsWith("node:") ? path : roomOf(path)}: ${name}`
    )
  );
  assertEquals([...new Set(foreign)].sort(), [
    "connection: @nats-io/transport-deno",
    "line: @nats-io/transport-deno",
    "message/work.ts: node:async_hooks",
    "obj/digest.ts: node:crypto",
    "reach: @nats-io/transport-deno",
  ]);
});

Deno.test("No file of src/ is longer than 300 lines", () => {
  const long = files.map(({ path, text }) => [path, text.split("\n").length - 1] as const)
    .filter(([, lines]) => lines > 300);
  assertEquals(long, []);
});

Deno.test("A doc comment has each @default and @throws on a line of its own", () => {
  const inText = /^\s*(?:\/\*\*|\*) .*\S.* @(?:default|throws)\b/;
  const shared = files.flatMap(({ path, text }) =>
    text.split("\n").filter((line) => inText.test(line)).map((line) => `${path}:${line}`)
  );
  assertEquals(shared, []);
});

Deno.test("A doc comment has each @default in braces, with none inside, as `deno doc` reads it", () => {
  const wrong = files.flatMap(({ path, text }) =>
    [...text.matchAll(/\* @default (?!\{[^{}]+\}\s*\n)[^]{0,40}/g)].map(([tag]) =>
      `${path}: ${tag}`
    )
  );
  assertEquals(wrong, []);
});

Deno.test("mod.ts exports these values", () => {
  assertEquals(Object.keys(front).sort(), [
    "ConnectionError",
    "DecodeError",
    "EncodeError",
    "InvalidSubjectError",
    "LinkError",
    "NatsBroker",
    "NatsRouter",
    "NoRespondersError",
    "OutboxFullError",
    "PayloadTooLargeError",
    "PermissionError",
    "RemoteError",
    "ReplyAddressError",
    "ReplyError",
    "SubscriptionError",
    "TimeoutError",
    "ValidationError",
    "fromEnv",
    "reply",
  ]);
});

Deno.test("mod.ts exports no values but what a program makes or calls, and errors to catch", () => {
  const others = Object.values(front)
    .filter((value) => !(value.prototype instanceof Error))
    .map(({ name }) => name);
  assertEquals(others.sort(), ["NatsBroker", "NatsRouter", "fromEnv", "reply"]);
});

Deno.test("The package has these doors", () => {
  const { exports } = JSON.parse(
    Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals(exports, {
    ".": "./mod.ts",
    "./middleware": "./src/middleware/mod.ts",
    "./testing": "./src/testing/mod.ts",
    "./jetstream": "./src/jetstream/mod.ts",
    "./demo": "./src/demo/mod.ts",
    "./obj": "./src/obj/mod.ts",
    "./kv": "./src/kv/mod.ts",
  });
});

Deno.test("src/testing/mod.ts exports these values", () => {
  assertEquals(Object.keys(testing).sort(), ["EmbeddedServer", "TestBroker"]);
});
