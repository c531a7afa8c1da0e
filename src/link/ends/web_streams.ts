import { unharmed } from "../../promises.ts";

/** Something to write to. */
export interface Target {
  readonly signal: AbortSignal;
  end(): Promise<void>;
  cancel(reason: unknown): void;
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
