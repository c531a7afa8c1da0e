import type { Message } from "../../message/message.ts";
import { handled } from "../../promises.ts";

/** Something to read from. */
export interface Source {
  next(): Promise<Message | undefined>;
  cancel(reason: unknown): void;
}

/** Something to write to. */
export interface Target {
  readonly signal: AbortSignal;
  end(): Promise<void>;
  cancel(reason: unknown): void;
}

/** What comes in, as a Web Stream: read on demand, so that back-pressure is the link's own. */
export function readableOf<Body>(source: Source): ReadableStream<Body> {
  const stream = new ReadableStream<Body>({
    async pull(controller) {
      const message = await source.next();
      if (message) controller.enqueue(message.body as Body);
      else controller.close();
    },
    cancel: (reason) => source.cancel(reason),
  }, { highWaterMark: 0 });
  const getReader = stream.getReader.bind(stream);
  const reader = (options?: undefined) => unharmed(getReader(options), "read", "cancel");
  Object.defineProperty(stream, "getReader", { value: reader });
  return unharmed(stream, "cancel");
}

/** What goes out, as a Web Stream. */
export function writableOf<Body>(
  target: Target,
  send: (body: Body) => Promise<void>,
): WritableStream<Body> {
  const stream = new WritableStream<Body>({
    // or a pipe from a silent source would never learn that the link has ended
    start: (controller) => {
      const fail = () => controller.error(target.signal.reason);
      if (target.signal.aborted) fail();
      else target.signal.addEventListener("abort", fail, { once: true });
    },
    write: (body) => send(body),
    close: () => target.end(),
    abort: (reason) => target.cancel(reason),
  });
  const getWriter = stream.getWriter.bind(stream);
  const writer = () => unharmed(getWriter(), "write", "close", "abort");
  Object.defineProperty(stream, "getWriter", { value: writer });
  return unharmed(stream, "close", "abort");
}

/** Has these methods give promises that nobody needs to await: a `write()` that fails must not end the process. */
function unharmed<Whole extends object>(whole: Whole, ...names: readonly (keyof Whole)[]): Whole {
  for (const name of names) {
    const call = whole[name] as (...given: unknown[]) => Promise<unknown>;
    const marked = (...given: unknown[]) => handled(call.apply(whole, given));
    Object.defineProperty(whole, name, { value: marked });
  }
  return whole;
}
