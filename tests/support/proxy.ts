import { freePort, listenOn } from "./free_port.ts";

export type Direction = "toServer" | "toClient";

/**
 * A way to a server on loopback that can be made to fail:
 * `await using proxy = await Proxy.start(server.port)`.
 */
export class Proxy implements AsyncDisposable {
  readonly port: number;
  readonly #target: number;
  readonly #scheme: string;
  readonly #links = new Set<Link>();
  readonly #work = new Set<Promise<void>>();
  #listening: { listener: Deno.TcpListener; ended: Promise<void> } | undefined;
  #disposed = false;
  #stalled: PromiseWithResolvers<void> | undefined;
  #budget: { bytes: number; direction: Direction | undefined } | undefined;

  private constructor(target: number, scheme: string) {
    this.#target = target;
    this.#scheme = scheme;
    // while it refuses, the system must not lend its port to an outgoing connection
    this.port = this.#listen(freePort());
  }

  /** The scheme is what its own URL begins with. */
  static start(targetPort: number, scheme = "nats"): Promise<Proxy> {
    return Promise.try(() => new Proxy(targetPort, scheme));
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#links.size;
  }

  /** Drops every open connection at once. */
  cut(): void {
    this.#budget = undefined;
    for (const link of this.#links) link.close();
  }

  /** Cuts once so many more bytes have passed, in the middle of a message if it comes to that. */
  cutAfter(bytes: number, direction?: Direction): void {
    this.#budget = { bytes, direction };
  }

  /** Forwards nothing more, while every socket stays open. */
  stall(): void {
    this.#stalled ??= Promise.withResolvers();
  }

  resume(): void {
    this.#stalled?.resolve();
    this.#stalled = undefined;
  }

  /** Has new connections refused, as if nothing listened. */
  async refuse(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    listening?.listener.close();
    // Until then the system still takes connections, only to reset them.
    await listening?.ended;
  }

  /** Takes new connections again, on the same port. */
  accept(): void {
    if (!this.#listening) this.#listen(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.refuse();
    this.cut();
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #listen(port: number): number {
    const listener = listenOn(port);
    this.#listening = { listener, ended: this.#acceptAll(listener) };
    return listener.addr.port;
  }

  async #acceptAll(listener: Deno.TcpListener): Promise<void> {
    for await (const client of listener) this.#track(this.#link(client));
  }

  async #link(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target })
      .catch(() => undefined);
    if (!server) return client.close();
    using link = new Link(client, server);
    if (this.#disposed) return;
    this.#links.add(link);
    await Promise.all([
      this.#pump(link, client, server, "toServer"),
      this.#pump(link, server, client, "toClient"),
    ]);
    this.#links.delete(link);
  }

  async #pump(
    link: Link,
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    direction: Direction,
  ): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let size; (size = await from.read(buffer)) !== null;) {
        if (this.#stalled) await Promise.race([this.#stalled.promise, link.closed]);
        const chunk = this.#spend(buffer.subarray(0, size), direction);
        for (let sent = 0; sent < chunk.length;) sent += await to.write(chunk.subarray(sent));
        if (this.#budget?.bytes === 0) this.cut();
      }
    } catch {
      // One of the two ends is gone, and so is the link.
    } finally {
      link.close();
    }
  }

  /** What of `chunk` may still pass before the cut. */
  #spend(chunk: Uint8Array, direction: Direction): Uint8Array {
    const budget = this.#budget;
    if (!budget || (budget.direction && budget.direction !== direction)) return chunk;
    const allowed = chunk.subarray(0, budget.bytes);
    budget.bytes -= allowed.length;
    return allowed;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}

/** A client's connection and the one to the server that goes with it. */
class Link implements Disposable {
  readonly #ends: Deno.TcpConn[];
  readonly #closed = Promise.withResolvers<void>();

  constructor(...ends: Deno.TcpConn[]) {
    this.#ends = ends;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end.close();
    this.#closed.resolve();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
