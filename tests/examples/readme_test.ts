import * as signalbox from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { pages, readPage } from "../support/pages.ts";
import { runProgram } from "../support/program.ts";

/** A program of a page, and what the page says it prints; in guides `ignore` keeps `deno test --doc` from running it. */
const SNIPPET = /```ts(?: ignore)?\n([\s\S]*?)```(?:\s*```text\n([\s\S]*?)```)?/g;

/** What a snippet that begins in the middle stands on: the broker of the first program. */
function whole(snippet: string): string {
  if (snippet.includes("import ")) return snippet;
  const names = [...Object.keys(signalbox), "type Schema"].filter((name) =>
    new RegExp(`\\b${name.replace("type ", "")}\\b`).test(snippet)
  );
  return [
    `import { ${[...new Set(["NatsBroker", ...names])].join(", ")} } from "@signalbox/nats";`,
    `await using broker = new NatsBroker("nats://127.0.0.1:4222", { logger: false });`,
    `await broker.connect();`,
    snippet,
  ].join("\n");
}

/** Two inbox names are never the same. */
function unrandom(text: string): string {
  return text.replace(/\.[0-9A-Za-z]{22}$/gm, ".…");
}

const counts = new Map<string, number>();
for (const page of pages()) {
  const text = await readPage(page);
  let count = 0;
  for (const { index, 1: snippet = "", 2: printed } of text.matchAll(SNIPPET)) {
    const line = text.slice(0, index).split("\n").length + 1;
    count++;
    Deno.test(`${page}, line ${line}, does what it says with --allow-net alone`, async () => {
      await using server = await EmbeddedServer.start();
      const folder = new URL(`../../.cache/pages/${page}/`, import.meta.url);
      await Deno.mkdir(folder, { recursive: true });
      const program = new URL(`line_${line}.ts`, folder);
      await Deno.writeTextFile(
        program,
        whole(snippet).replaceAll("nats://127.0.0.1:4222", server.url),
      );
      const flags = [`--allow-net=127.0.0.1:${server.port}`];
      const { success, output, errors } = await runProgram(flags, program);
      assert(success, errors);
      if (printed !== undefined) assertEquals(unrandom(output), unrandom(printed));
    });
  }
  counts.set(page, count);
}

const readme = await readPage("README.md");

Deno.test("README.md and the guides show programs", () => {
  assert(counts.get("README.md")! >= 8);
  const guides = ["inbox", "message", "requests", "subscriber", "middleware", "link", "connection"];
  for (const room of guides) assert(counts.get(`src/${room}/README.md`)! >= 1, room);
});

Deno.test("README.md begins with a program of 15 lines at most, and its command", () => {
  const { 1: first = "", index } = SNIPPET.exec(readme)!;
  assert(first.includes("newInbox()") && first.trim().split("\n").length <= 15);
  assert(readme.slice(index).split("\n").slice(0, 15).join("\n").includes("`deno run --allow-net"));
});

Deno.test("README.md has 350 lines at most", () => {
  assert(readme.trimEnd().split("\n").length <= 350);
});
