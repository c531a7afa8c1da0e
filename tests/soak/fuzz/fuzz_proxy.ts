import { delay } from "../../support/delay.ts";
import { type Random, seeded } from "../../unit/seeded_random.ts";
import { fateOf, type Kind } from "./mischief.ts";

/** Which mischief is done, how often, and to what. */
export interface FuzzWay {
  readonly seed: number;
  /** One chunk in so many is not left alone. */
  readonly every: number;
  readonly transport: "tcp" | "webSocket";
}

/** A way to a server on loopback that does mischief while it storms; the same for the same seed, chunk for chunk. */
export class FuzzProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #scheme: string;
  readonly #seed: number;
  readonly #every: number;
  readonly #open = new Set<() => void>();
  readonly #work = new Set<Promise<void>>();
  readonly #done = new Map<Kind, number>();
  #connections = 0;
  #isStorming = false;

  constructor(target: number, { seed, every, transport }: FuzzWay) {
    this.#target = target;
    this.#scheme = transport === "tcp" ? "nats" : "ws";
    this.#seed = seed;
    this.#every = every;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#track(this.#accept());
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** How often each kind of mischief was done. */
  get done(): ReadonlyMap<Kind, number> {
    return this.#done;
  }

  storm(): void {
    this.#isStorming = true;
  }

  /** From now on all goes through as it is, over new connections. */
  calm(): void {
    this.#isStorming = false;
    for (const close of this.#open) close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.calm();
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#track(this.#link(client));
  }

  async #link(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    const ends = [client, server];
    const close = () => {
      for (const end of ends.splice(0)) end.close();
    };
    this.#open.add(close);
    const seed = this.#seed * 1_000 + 2 * this.#connections++;
    await Promise.all([
      this.#pump(client, server, seeded(seed), close),
      this.#pump(server, client, seeded(seed + 1), close),
    ]);
    this.#open.delete(close);
  }

  async #pump(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    random: Random,
    close: () => void,
  ): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (let size; (size = await from.read(buffer)) !== null;) {
        const chunk = buffer.subarray(0, size);
        if (!this.#isStorming) {
          await write(to, chunk);
          continue;
        }
        const { kind, pieces, wait, isCut } = fateOf(random, chunk, this.#every);
        this.#done.set(kind, (this.#done.get(kind) ?? 0) + 1);
        for (const piece of pieces) {
          if (wait > 0) await delay(wait);
          await write(to, piece);
        }
        if (isCut) break;
      }
    } catch {
      // one of the two ends is gone, and so is the other
    } finally {
      close();
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}

async function write(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
}
