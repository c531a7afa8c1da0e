import type { ReplyStream, RequestStreamOptions } from "@signalbox/nats";
import type { Kinds, Work } from "./kind.ts";
import type { Place } from "./place.ts";

const LINK = { keepAlive: 200, resumeTimeout: 800, timeout: 500 } as const;

function requested(
  { client, given, signal }: Place,
  subject: string,
  body: unknown,
  options: RequestStreamOptions = {},
): ReplyStream {
  return given.note(client.requestStream(subject, body, { ...LINK, signal, ...options }));
}

/** Reads to the end, whatever that is. */
function reading(subject: string, options: RequestStreamOptions = {}): Work {
  return async (place, n) => {
    const stream = requested(place, subject, n % 40, options);
    for await (const part of stream) place.given.note(part);
    return await stream.closed;
  };
}

/** Leaves after the first part. */
function leaving(leave: (stream: ReplyStream) => Promise<void> | void): Work {
  return async (place) => {
    const stream = requested(place, "leaks.endless", null);
    for await (const part of stream) {
      place.given.note(part);
      await leave(stream);
      break;
    }
    return await stream.closed;
  };
}

const abort: Work = async (place) => {
  const controller = new AbortController();
  const stream = requested(place, "leaks.endless", null, { signal: controller.signal });
  for await (const _ of stream) controller.abort();
  return await stream.closed;
};

const askTwice: Work = async (place) => {
  await using first = requested(place, "leaks.one", null);
  for await (const _ of first) {
    for await (const _ of requested(place, "leaks.one", null));
  }
  return await first.closed;
};

/** A minute's worth: 60. */
export const STREAMS: Kinds = {
  "read a stream": { times: 24, ends: "complete", work: reading("leaks.parts") },
  "leave the loop of a stream": { times: 8, ends: "cancelled", work: leaving(() => {}) },
  "close a stream": { times: 4, ends: "cancelled", work: leaving((stream) => stream.close()) },
  "abort a stream": { times: 4, ends: "AbortError", work: abort },
  "read a stream that throws": { times: 6, ends: "RemoteError 500", work: reading("leaks.torn") },
  "read a stream of nobody": {
    times: 3,
    ends: "NoRespondersError",
    work: reading("leaks.nobody"),
  },
  "read a stream that is refused": {
    times: 3,
    ends: "RemoteError 404",
    work: reading("leaks.nothing"),
  },
  "read one stream too many": { times: 3, ends: "RemoteError 429", work: askTwice },
  "read a stream past its deadline": {
    times: 3,
    ends: "TimeoutError",
    work: reading("leaks.endless", { deadline: 20 }),
  },
  "read a stream that is one answer": { times: 2, ends: "complete", work: reading("leaks.echo") },
};
