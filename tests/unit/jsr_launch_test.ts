import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { startRegistry } from "../support/jsr/registry.ts";

const launcher = new URL("../support/jsr/launch.ts", import.meta.url).pathname;
const printJsrUrl = ["eval", `console.log(Deno.env.get("JSR_URL"))`];

function launch(args: string[], env: Record<string, string>): Deno.ChildProcess {
  const asked = { SIGNALBOX_JSR: "", JSR_URL: "", SIGNALBOX_NATS_CORE: "" };
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !(name in asked));
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", launcher, ...args],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcome(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  return { code, out: out!, err: err! };
}

Deno.test("launch hands on the exit code of deno", async () => {
  const { code } = await outcome(launch(["eval", "Deno.exit(41)"], { SIGNALBOX_JSR: "offline" }));
  assertEquals(code, 41);
});

Deno.test("launch serves stand-ins on loopback when SIGNALBOX_JSR is offline", async () => {
  const program = `import { equal } from "jsr:@std/assert@^1"; console.log(equal([1], [1]))`;
  const { code, out, err } = await outcome(
    launch(["eval", "--no-lock", program], { SIGNALBOX_JSR: "offline" }),
  );
  assertEquals({ code, out }, { code: 0, out: "true" }, err);
  assertMatch(err, /http:\/\/127\.0\.0\.1:\d+\/[-0-9a-f]{36}\/@std\/assert\/meta\.json/);
});

Deno.test("launch closes its registry when deno has ended", async () => {
  const { out } = await outcome(launch(printJsrUrl, { SIGNALBOX_JSR: "offline" }));
  assert(out.startsWith("http://127.0.0.1:"), out);
  await assertRejects(() => fetch(out), TypeError);
});

Deno.test("launch sets no JSR_URL when SIGNALBOX_JSR is online", async () => {
  const { out } = await outcome(launch(printJsrUrl, { SIGNALBOX_JSR: "online" }));
  assertEquals(out, "undefined");
});

Deno.test("launch uses a JSR_URL that is already set as it is", async () => {
  await using registry = await startRegistry();
  const { out, err } = await outcome(launch(printJsrUrl, { JSR_URL: registry.url }));
  assertEquals({ out, err }, { out: registry.url, err: "" });
});

Deno.test("launch refuses any other value of SIGNALBOX_JSR", async () => {
  const { code, err } = await outcome(launch(["eval", ""], { SIGNALBOX_JSR: "maybe" }));
  assertEquals({ code, err }, {
    code: 2,
    err:
      `Cannot choose a source of JSR packages as SIGNALBOX_JSR must be "online" or "offline": "maybe"`,
  });
});

Deno.test("launch refuses to publish what was checked against stand-ins", async () => {
  const { code, err } = await outcome(launch(["publish"], { SIGNALBOX_JSR: "offline" }));
  assertEquals({ code, err }, {
    code: 2,
    err: `Cannot publish as JSR itself must be reachable, or --dry-run given: "deno publish"`,
  });
});

Deno.test("launch does not hang on a network that answers nothing", async () => {
  using blackHole = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const cache = await Deno.makeTempDir();
  const proxy = `http://127.0.0.1:${blackHole.addr.port}`;
  const begin = performance.now();
  const { out } = await outcome(
    launch(printJsrUrl, { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: "", DENO_DIR: cache }),
  );
  const elapsed = performance.now() - begin;
  await Deno.remove(cache, { recursive: true });
  assert(out.startsWith("http://127.0.0.1:"), out);
  assertLess(elapsed, 15_000);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`launch hands ${signal} to deno and waits for its end`, async () => {
    const program = `
      Deno.addSignalListener("${signal}", () => { console.log("stopping"); Deno.exit(7); });
      setInterval(() => {}, 1_000);
      console.log("up");
    `;
    const child = launch(["eval", program], { SIGNALBOX_JSR: "offline" });
    const stderr = new Response(child.stderr).text();
    let printed = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      if (printed === "up\n") child.kill(signal);
    }
    const { code } = await child.status;
    assertEquals({ code, printed }, { code: 7, printed: "up\nstopping\n" }, await stderr);
  });
}
