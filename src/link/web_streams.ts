import type { Message } from "../message/message.ts";
import type { Endpoint } from "./endpoint.ts";

/** What can be read, and left. */
export interface Source {
  next(): Promise<Message | undefined>;
  leave(reason: unknown): void;
}

/** What comes in, as a Web Stream: read on demand, so that back-pressure is the link's own. */
export function readableOf<Body>(source: Source): ReadableStream<Body> {
  return new ReadableStream<Body>({
    async pull(controller) {
      const message = await source.next();
      if (message) controller.enqueue(message.body as Body);
      else controller.close();
    },
    cancel: (reason) => source.leave(reason),
  }, { highWaterMark: 0 });
}

/** What goes out, as a Web Stream. */
export function writableOf<Body>(
  endpoint: Endpoint,
  send: (body: Body) => Promise<void>,
): WritableStream<Body> {
  return new WritableStream<Body>({
    // or whoever pipes from a source that says nothing would never learn that nobody takes it
    start: (controller) => {
      const fail = () => controller.error(endpoint.signal.reason);
      if (endpoint.signal.aborted) fail();
      else endpoint.signal.addEventListener("abort", fail, { once: true });
    },
    write: (body) => send(body),
    close: () => endpoint.end(),
    abort: (reason) => endpoint.leave(reason),
  });
}
