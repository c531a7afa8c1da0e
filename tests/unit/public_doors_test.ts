import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** The seam that a program does not have, and a door does. */
const SEAM = "src/door/mod.ts";
/** The only files outside of `tests/unit/` that import internals; each says why. */
const INTERNALS = [
  "tests/support/internals.ts",
  "tests/support/jetstream/internals.ts",
  "tests/support/plain.ts",
];

/** A file of code, however it is named: in an import, or as an address. */
const NAMED = /["'`](\.{1,2}\/[^"'`\s]+\.m?[jt]s)["'`]/g;

function* files(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* files(`${folder}${name}/`);
    else if (/\.m?[jt]s$/.test(name)) yield folder + name;
  }
}

/** What a file names, from the root. */
function namedIn(path: string): string[] {
  const url = new URL(path, ROOT);
  const names = [...Deno.readTextFileSync(url).matchAll(NAMED)].map(([, name]) => name!);
  return names.map((name) => new URL(name, url).href.slice(ROOT.href.length));
}

const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
const doors = Object.values<string>(exports).map((door) => door.replace("./", "")).concat(SEAM);
const isInternal = (path: string) => path.startsWith("src/") && !doors.includes(path);

Deno.test("Tests outside of tests/unit/ import the package by its public doors, but for three files", () => {
  const all = [...files("tests/")].filter((path) => !path.startsWith("tests/unit/"));
  const importing = all.filter((path) => namedIn(path).some(isInternal));
  assertEquals(importing.sort(), INTERNALS);
});

Deno.test("What tests outside of tests/unit/ share with it imports no internal either", () => {
  const all = [...files("tests/")].filter((path) => !path.startsWith("tests/unit/"));
  const shared = new Set<string>();
  const visit = (path: string) => {
    if (!path.startsWith("tests/unit/") || shared.has(path)) return;
    shared.add(path);
    namedIn(path).forEach(visit);
  };
  for (const path of all) namedIn(path).forEach(visit);
  const importing = [...shared].flatMap((path) =>
    namedIn(path).filter(isInternal).map((used) => `${path} → ${used}`)
  );
  assertEquals(importing, []);
});
