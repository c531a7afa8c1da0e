import { assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../support/nats_server/until.ts";

const support = new URL("../support/nats_server/", import.meta.url);

function run(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function refusal(env: Record<string, string>): Promise<string> {
  const { code, stderr } = await run(["run", "-A", new URL("ready.ts", support).pathname], env)
    .output();
  assertEquals(code, 1);
  return new TextDecoder().decode(stderr).trim();
}

Deno.test("NatsServer ends with the process that started it, even if that is killed", async () => {
  const program = `
    import { NatsServer } from "${new URL("nats_server.ts", support)}";
    const server = await NatsServer.start();
    console.log(server.url);
    setInterval(() => {}, 1_000);
  `;
  const child = run(["eval", program]);
  const errors = new Response(child.stderr).text();
  let url = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    url += text;
    if (url.endsWith("\n")) child.kill("SIGKILL");
  }
  await child.status;
  assertStringIncludes(url, "nats://127.0.0.1:", await errors);
  const { hostname, port } = new URL(url.trim());
  await until("nats-server must be gone", async () => {
    const conn = await Deno.connect({ hostname, port: Number(port) }).catch(() => undefined);
    conn?.close();
    return !conn;
  });
});

Deno.test("findServer() refuses a NATS_SERVER that does not run", async () => {
  assertEquals(
    await refusal({ NATS_SERVER: "/nowhere/nats-server", NATS_SERVER_VERSION: "" }),
    `Cannot test as a nats-server must run: NATS_SERVER="/nowhere/nats-server"`,
  );
});

Deno.test("findServer() refuses a line it has no package for", async () => {
  assertEquals(
    await refusal({ NATS_SERVER: "", NATS_SERVER_VERSION: "1.4" }),
    `Cannot find nats-server as NATS_SERVER_VERSION must be one of 2.15, 2.10, 2.9, or NATS_SERVER the path of such a server: "1.4"`,
  );
});
