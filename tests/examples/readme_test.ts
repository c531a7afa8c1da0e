import * as signalbox from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../support/program.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

/** A program of the README, and what it says it prints. */
const SNIPPET = /```ts\n([\s\S]*?)```(?:\s*```text\n([\s\S]*?)```)?/g;

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

let count = 0;
for (const [, snippet = "", printed] of readme.matchAll(SNIPPET)) {
  const line = readme.slice(0, readme.indexOf(snippet)).split("\n").length;
  count++;
  Deno.test(`README.md, line ${line}, does what it says with --allow-net alone`, async () => {
    await using server = await EmbeddedServer.start();
    const folder = new URL("../../.cache/readme/", import.meta.url);
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

Deno.test("README.md shows programs", () => assert(count >= 8));

Deno.test("README.md begins with a program of 15 lines at most", () => {
  const [, first = ""] = SNIPPET.exec(readme) ?? [];
  assert(first.includes("newInbox()") && first.trim().split("\n").length <= 15);
});
