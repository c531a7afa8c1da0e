import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const ROOMS = ["connection", "line", "reach"];

/** The section of a page, down to the next of its rank. */
function section(page: string, title: string): string {
  const [, text] = page.split(`\n## ${title}\n`);
  if (text === undefined) throw new Error(`Cannot read CONTRIBUTING.md as it must have "${title}"`);
  return text.split("\n## ")[0]!;
}

const page = await Deno.readTextFile(new URL(".github/CONTRIBUTING.md", ROOT));
const sections = ["How a message is handled", "How a connection comes back", "The NATS client"].map(
  (title) => section(page, title),
);
const named = sections.flatMap((text) =>
  [...text.matchAll(/`((?:src|tests)\/[\w./-]+\.ts)`/g)].map(([, path]) => path!)
);

Deno.test("CONTRIBUTING names no file on the way of a connection that is not there", async () => {
  const missing = [];
  for (const path of new Set(named)) {
    const info = await Deno.stat(new URL(path, ROOT)).catch(() => undefined);
    if (!info?.isFile) missing.push(path);
  }
  assertEquals(missing, []);
});

Deno.test("CONTRIBUTING names every file of the rooms that a connection is made of", () => {
  const files = ROOMS.flatMap((room) => {
    const folder = `src/${room}`;
    return [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => `${folder}/${name}`);
  });
  assertEquals(files.filter((path) => !named.includes(path)).sort(), []);
});
