import { assertEquals, assertRejects } from "@std/assert";
import { Proxy } from "../support/proxy.ts";

/** A server that sends back what it gets. */
class Echo implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #served = this.#serve();

  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served;
  }

  async #serve(): Promise<void> {
    const open: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      open.push(conn.readable.pipeTo(conn.writable).catch(() => {}));
    }
    await Promise.all(open);
  }
}

/** Sends `text` and gives what comes back within a moment: "" for nothing, null for the end. */
async function exchange(conn: Deno.TcpConn, text: string): Promise<string | null> {
  await conn.write(new TextEncoder().encode(text));
  return await receive(conn);
}

async function receive(conn: Deno.TcpConn): Promise<string | null> {
  const buffer = new Uint8Array(1_024);
  const size = await conn.read(buffer).catch(() => null);
  return size === null ? null : new TextDecoder().decode(buffer.subarray(0, size));
}

Deno.test("Proxy.start() forwards both ways", async () => {
  await using echo = new Echo();
  await using proxy = await Proxy.start(echo.port);
  using conn = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(conn, "hello"), "hello");
  assertEquals(proxy.connections, 1);
});

Deno.test("Proxy.cut() drops open connections and takes new ones", async () => {
  await using echo = new Echo();
  await using proxy = await Proxy.start(echo.port);
  using first = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(first, "one"), "one");
  proxy.cut();
  assertEquals(await receive(first), null);
  using second = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(second, "two"), "two");
});

Deno.test("Proxy.cutAfter() cuts in the middle of what is sent", async () => {
  await using echo = new Echo();
  await using proxy = await Proxy.start(echo.port);
  using conn = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(conn, "whole"), "whole");
  proxy.cutAfter(3, "toClient");
  assertEquals(await exchange(conn, "broken"), "bro");
  assertEquals(await receive(conn), null);
});

Deno.test("Proxy.stall() holds what is sent until resume()", async () => {
  await using echo = new Echo();
  await using proxy = await Proxy.start(echo.port);
  using conn = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(conn, "before"), "before");
  proxy.stall();
  let arrived = false;
  const answer = exchange(conn, "held").finally(() => arrived = true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(arrived, false);
  assertEquals(proxy.connections, 1);
  proxy.resume();
  assertEquals(await answer, "held");
});

Deno.test("Proxy.cut() drops connections that are stalled", async () => {
  await using echo = new Echo();
  await using proxy = await Proxy.start(echo.port);
  using conn = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(conn, "before"), "before");
  proxy.stall();
  const answer = exchange(conn, "lost");
  proxy.cut();
  assertEquals(await answer, null);
});

Deno.test("Proxy.refuse() has connections refused until accept()", async () => {
  await using echo = new Echo();
  await using proxy = await Proxy.start(echo.port);
  await proxy.refuse();
  await assertRejects(
    () => Deno.connect({ port: proxy.port, hostname: "127.0.0.1" }),
    Deno.errors.ConnectionRefused,
  );
  proxy.accept();
  using conn = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await exchange(conn, "back"), "back");
});

Deno.test("Proxy closes a connection whose server cannot be reached", async () => {
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = gone.addr;
  gone.close();
  await using proxy = await Proxy.start(port);
  using conn = await Deno.connect({ port: proxy.port, hostname: "127.0.0.1" });
  assertEquals(await receive(conn), null);
});
