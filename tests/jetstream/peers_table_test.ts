import { assert, assertEquals } from "@std/assert";
import { readPage } from "../support/pages.ts";

const ROOT = new URL("../../", import.meta.url);
const DOORS = ["mod.ts", "src/jetstream/mod.ts", "src/kv/mod.ts", "src/testing/mod.ts"];
/** Names of the examples, and of every runtime. */
const OTHERS = new Set([
  ...["js", "broker", "jobs", "name", "subject", "body", "pattern", "message", "handler"],
  ...["dead", "job", "why", "bucket", "urgent", "normal", "test", "throw", "new", "n"],
  ...["AbortController"],
]);

interface Documented {
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** Every name in the documentation of the doors: symbols, methods, properties, and the words of unions. */
async function documentedNames(): Promise<Set<string>> {
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...DOORS.map((door) => new URL(door, ROOT).href)],
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const names = new Set<string>();
  const visit = (value: unknown) => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== "object" || value === null) return;
    const { name, ...rest } = value as Documented;
    if (typeof name === "string") names.add(name);
    if (typeof rest.repr === "string") names.add(rest.repr);
    Object.values(rest).forEach(visit);
  };
  visit(JSON.parse(new TextDecoder().decode(stdout)));
  return names;
}

/** The code spans of the last column, which are about this package. */
async function spans(): Promise<string[]> {
  const page = await readPage("src/jetstream/README.md");
  const table = page.slice(page.indexOf("| task"));
  const lines = table.split("\n");
  const cells = lines.filter((line) => line.startsWith("|")).slice(2).map((line) =>
    line.split("|").at(-2)!
  );
  return [...cells.join("\n").matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

Deno.test("README.md compares job queues by names that all exist", async () => {
  const known = await documentedNames();
  const all = await spans();
  assert(all.length > 40);
  const unknown = all.flatMap((code) => {
    const words = code.match(/"[\w-]+"|[A-Za-z_]\w*/g) ?? [];
    return words.filter((word) => !isKnown(word, known)).map((word) => `${word} in ${code}`);
  });
  assertEquals(unknown, []);
});

/** A word of a union, a duration, or a name. */
function isKnown(word: string, known: ReadonlySet<string>): boolean {
  if (OTHERS.has(word) || known.has(word)) return true;
  return /^"\d+[smhd]"$/.test(word) || known.has(word.replaceAll('"', ""));
}

Deno.test("isKnown() finds names that do not exist", async () => {
  const known = await documentedNames();
  for (const word of ["leaky", '"while-running"', "setGlobalConcurrency"]) {
    assert(!isKnown(word, known), word);
  }
  for (const word of ["workQueue", '"while-queued"', "keepLastIfActive"]) {
    assertEquals(isKnown(word, known), word !== "keepLastIfActive");
  }
});
