import { realDelay } from "../../clock.ts";
import { print } from "../../legible.ts";
import type { Accept, Wire } from "./wire.ts";

/** What is read at once, at first and at most: many connect, and few have much to say. */
const FIRST_READ = 2 * 1024;
const LARGEST_READ = 64 * 1024;
/** Milliseconds before accepting is tried again after it failed. */
const BREATH = 10;

/** Serves a TCP port. */
export class TcpListener {
  readonly #listener: Deno.TcpListener;
  readonly #accept: Accept;
  readonly #open = new Set<TcpWire>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: { readonly hostname: string; readonly port: number }, accept: Accept) {
    this.#listener = Deno.listen(options);
    this.#accept = accept;
    this.#run(this.#listen());
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Stops listening, closes what is open and settles when nothing is left of it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#listener.close();
    for (const wire of this.#open) wire.close();
    await Promise.all(this.#running);
  }

  async #listen(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#run(this.#serve(await this.#listener.accept()));
      } catch {
        // A client that gave up before it was accepted is no reason to stop, and where the system
        // has run out of descriptors this must not spin.
        if (!this.#stopped) await realDelay(BREATH);
      }
    }
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    const wire = new TcpWire(conn);
    this.#open.add(wire);
    const receiver = this.#accept(wire);
    try {
      conn.setNoDelay(true);
      let buffer = new Uint8Array(FIRST_READ);
      while (receiver) {
        const count = await conn.read(buffer);
        if (count === null) break;
        const wait = receiver.receive(buffer.subarray(0, count));
        if (wait) await wait;
        const isFull = count === buffer.length && count < LARGEST_READ;
        if (isFull) buffer = new Uint8Array(Math.min(4 * count, LARGEST_READ));
      }
    } catch {
      // Reset by the client, or closed from here: the end either way.
    } finally {
      wire.close();
      this.#open.delete(wire);
      receiver?.ended();
    }
  }

  #run(task: Promise<void>): void {
    const done = task.catch(print).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }
}

class TcpWire implements Wire {
  readonly address: string;
  readonly #conn: Deno.TcpConn;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.address = conn.remoteAddr.hostname;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) at += await this.#conn.write(bytes.subarray(at));
  }

  /** Closing with bytes unread resets the connection, and the client would never see the reason:
   * so the sending half goes first, and the reader throws away what comes until the client goes. */
  end(): void {
    if (this.#closed) return;
    this.#conn.closeWrite().catch(() => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }
}
