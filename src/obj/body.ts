import { describe } from "../options.ts";

/**
 * What `put()` accepts: bytes, which must not change until `put()` has resolved; a stream of bytes, such as the body of
 * a request; a `Blob`; or an open file, which `put()` closes at its end.
 */
export type ObjectBody =
  | Uint8Array
  | ArrayBuffer
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Blob
  | { readonly readable: ReadableStream<Uint8Array> };

/** Reads a body part by part. */
export interface Parts {
  /** Whether the bytes need no copy: they all come in one part, which does not change. */
  readonly areStable: boolean;
  /** The next part; `undefined` at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Cancels the source. */
  cancel(reason: unknown): Promise<void>;
}

/**
 * The parts of a body.
 *
 * @throws {TypeError} for an unsupported body, or a stream that is locked by another reader
 */
export function partsOf(action: string, body: unknown): Parts {
  if (body instanceof Uint8Array) return new OnePart(body);
  if (body instanceof ArrayBuffer) return new OnePart(new Uint8Array(body));
  const stream = streamOf(body);
  if (stream?.locked) {
    throw new TypeError(`Cannot ${action} as nobody else must read its stream: it is locked`);
  }
  if (stream) return new StreamParts(action, stream);
  if (isIterable(body)) return new IterableParts(action, body[Symbol.asyncIterator]());
  const rule = "its body must be bytes, a stream of them, a Blob or an open file";
  throw new TypeError(`Cannot ${action} as ${rule}: ${describe(body)}`);
}

function streamOf(body: unknown): ReadableStream<unknown> | undefined {
  if (body instanceof ReadableStream) return body;
  if (body instanceof Blob) return body.stream();
  const { readable } = Object(body) as { readonly readable?: unknown };
  return readable instanceof ReadableStream ? readable : undefined;
}

function isIterable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function checkPart(action: string, part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  const rule = "each part of its stream must be a Uint8Array";
  throw new TypeError(`Cannot ${action} as ${rule}: ${describe(part)}`);
}

class OnePart implements Parts {
  readonly areStable = true;
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): Promise<Uint8Array | undefined> {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    return Promise.resolve(bytes);
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }
}

class StreamParts implements Parts {
  readonly areStable = false;
  readonly #action: string;
  readonly #reader: ReadableStreamDefaultReader<unknown>;

  constructor(action: string, stream: ReadableStream<unknown>) {
    this.#action = action;
    this.#reader = stream.getReader();
  }

  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read();
    return done ? undefined : checkPart(this.#action, value);
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason);
  }
}

class IterableParts implements Parts {
  readonly areStable = false;
  readonly #action: string;
  readonly #iterator: AsyncIterator<unknown>;

  constructor(action: string, iterator: AsyncIterator<unknown>) {
    this.#action = action;
    this.#iterator = iterator;
  }

  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#iterator.next();
    return done ? undefined : checkPart(this.#action, value);
  }

  async cancel(): Promise<void> {
    await this.#iterator.return?.();
  }
}
