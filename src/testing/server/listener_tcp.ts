import { realDelay } from "../../clock.ts";
import { print } from "../../legible.ts";
import type { Accept, Wire } from "./wire.ts";

/** How many bytes to read at once, at first and at most: many clients connect, and few send much. */
const FIRST_READ = 2 * 1024;
const LARGEST_READ = 64 * 1024;
/** How long to wait after a failed accept, in milliseconds. */
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

  /** Stops listening, closes all connections, and settles once they have ended. */
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
        // a client that gave up before the accept is no reason to stop, and without file descriptors this must not spin
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
      // the client reset it, or this side closed it
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

  /**
   * closing with unread bytes resets the connection, and the client would never see the reason: so this closes the
   * sending half first, and the reader discards what arrives until the client closes
   */
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
