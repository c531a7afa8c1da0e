import {
  checkOptions,
  type ConnectionOptions,
  errors,
  extractProtocolMessage,
  INFO,
  type Server,
  type ServerInfo,
  type Transport,
} from "./client.ts";

const CHUNK = 65_536;

/** A Deno socket as the client wants it. */
export class SocketTransport implements Transport {
  readonly lang = "nats.deno.stand-in";
  readonly version = "3.4.0";
  readonly #closed = Promise.withResolvers<void | Error>();
  readonly #frames: Uint8Array[] = [];
  #first = new Uint8Array(0);
  #encrypted = false;
  closeError?: Error;
  isClosed = false;
  /** As the real one has it: `null` while nothing is on its way, and never again once a write has failed. */
  pendingWrite: Promise<void> | null = null;
  conn: Deno.TcpConn | Deno.TlsConn | undefined;

  async connect(server: Server, options: ConnectionOptions): Promise<void> {
    try {
      await this.#dial(server, options);
      if (this.isClosed) this.#shut();
    } catch (cause) {
      this.#shut();
      throw new errors.ConnectionError((cause as Error).message.toLowerCase(), { cause });
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    yield this.#first;
    let failure: Error | undefined;
    try {
      for (let chunk; !this.isClosed && (chunk = await this.#read());) yield chunk;
    } catch (error) {
      failure = error as Error;
    }
    await this.#end(failure);
  }

  send(frame: Uint8Array): void {
    // what is written in this very turn would be over before it is known to be under way
    if (this.isClosed || frame.length === 0) return;
    this.#frames.push(frame);
    this.pendingWrite ??= this.#write();
  }

  isEncrypted(): boolean {
    return this.#encrypted;
  }

  /** The client's own wish; it does not want to be told. */
  close(error?: Error): Promise<void> {
    this.isClosed = true;
    if (error) this.closeError = error;
    this.#shut();
    return Promise.resolve();
  }

  disconnect(): void {
    void this.#end(undefined);
  }

  closed(): Promise<void | Error> {
    return this.#closed.promise;
  }

  discard(): void {}

  async #dial(
    { hostname, port, tlsName }: Server,
    { tls, ...rest }: ConnectionOptions,
  ): Promise<void> {
    const caCerts = tls?.caFile ? [await Deno.readTextFile(tls.caFile)] : [];
    if (tls?.handshakeFirst) {
      this.conn = await Deno.connectTls({ hostname, port, caCerts });
      this.#encrypted = true;
    } else this.conn = await Deno.connect({ hostname, port });
    const info = await this.#info();
    checkOptions(info, { tls, ...rest } as ConnectionOptions);
    const wanted = info.tls_required || (info.tls_available && tls !== null);
    if (!wanted || this.#encrypted) return;
    const secure = { hostname: tlsName || hostname, caCerts };
    this.conn = await Deno.startTls(this.conn as Deno.TcpConn, secure);
    await this.conn.handshake();
    this.#encrypted = true;
  }

  async #info(): Promise<ServerInfo> {
    for (let line = ""; line === ""; line = extractProtocolMessage(this.#first)) {
      const chunk = await this.#read();
      if (!chunk) throw new Error("the socket closed before an INFO");
      this.#first = Uint8Array.from([...this.#first, ...chunk]);
    }
    const [, info] = INFO.exec(extractProtocolMessage(this.#first)) ?? [];
    if (!info) throw new Error("unexpected response from server");
    return JSON.parse(info);
  }

  async #read(): Promise<Uint8Array | undefined> {
    const chunk = new Uint8Array(CHUNK);
    const length = await this.conn!.read(chunk);
    return length === null ? undefined : chunk.subarray(0, length);
  }

  async #write(): Promise<void> {
    try {
      for (let frame; (frame = this.#frames.shift());) {
        for (let sent = 0; sent < frame.length;) {
          sent += await this.conn!.write(frame.subarray(sent));
        }
      }
    } catch {
      // the read that goes on at the same time will tell
      return;
    }
    // in the same turn that found no more frames, or the next frame would find a writer that has left
    this.pendingWrite = null;
  }

  async #end(failure: Error | undefined): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    if (failure) this.closeError = failure;
    else await this.pendingWrite;
    this.#shut();
    this.#closed.resolve(failure);
  }

  #shut(): void {
    try {
      this.conn?.close();
    } catch {
      // it is closed already
    }
  }
}

/** The addresses of a name; the name itself where there are none. */
export async function lookUp(name: string): Promise<string[]> {
  const found = await Promise.allSettled([
    Deno.resolveDns(name, "A"),
    Deno.resolveDns(name, "AAAA"),
  ]);
  const addresses = found.flatMap((one) => one.status === "fulfilled" ? one.value : []);
  return addresses.length > 0 ? addresses : [name];
}
