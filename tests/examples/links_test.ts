import { assertEquals } from "@std/assert";
import { pages, readPage } from "../support/pages.ts";

const ROOT = new URL("../../", import.meta.url);
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** What a heading is linked by, as GitHub and JSR have it. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-");
}

/** All anchors of a page. */
async function anchorsOf(path: string): Promise<Set<string>> {
  const text = (await readPage(path)).replace(/```[\s\S]*?```/g, "");
  return new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!)));
}

/** Whether a link of this page leads somewhere. */
async function leads(page: string, link: string): Promise<boolean> {
  const [path = "", anchor] = link.split("#");
  const target = path === ""
    ? page
    : new URL(path, new URL(page, ROOT)).href.slice(ROOT.href.length);
  try {
    await Deno.stat(new URL(target, ROOT));
  } catch {
    return false;
  }
  return anchor === undefined || (await anchorsOf(target)).has(anchor);
}

for (const page of [...pages(), ".github/CONTRIBUTING.md"]) {
  Deno.test(`${page} has links that lead to files and headings that exist`, async () => {
    const broken = [];
    for (const [, link] of (await readPage(page)).matchAll(LINK)) {
      if (!/^https?:/.test(link!) && !await leads(page, link!)) broken.push(link);
    }
    assertEquals(broken, []);
  });
}

Deno.test("README.md links every guide", async () => {
  const readme = await readPage("README.md");
  assertEquals(pages().slice(1).filter((guide) => !readme.includes(`(${guide}`)), []);
});

Deno.test("README.md names each example, with a command", async () => {
  const readme = await readPage("README.md");
  const rows = [...readme.matchAll(/\]\((tests\/examples\/\w+\.ts)\).*\| `deno run .*\1` +\|$/gm)];
  const programs = [];
  for await (const { name } of Deno.readDir(new URL("tests/examples/", ROOT))) {
    const text = name.endsWith("_test.ts") ? "" : await readPage(`tests/examples/${name}`);
    if (/^ \* deno run/m.test(text)) programs.push(`tests/examples/${name}`);
  }
  assertEquals(rows.map(([, path]) => path).sort(), programs.sort());
});
