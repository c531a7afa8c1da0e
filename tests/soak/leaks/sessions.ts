import type { OpenSessionOptions, Session } from "@signalbox/nats";
import type { Kinds, Work } from "./kind.ts";
import type { Place } from "./place.ts";

const LINK = { keepAlive: 200, resumeTimeout: 800, timeout: 500 } as const;

async function opened(
  { client, given, signal }: Place,
  subject: string,
  options: OpenSessionOptions = {},
): Promise<Session> {
  return given.note(await client.openSession(subject, "hello", { ...LINK, signal, ...options }));
}

const talk: Work = async (place, n) => {
  await using session = await opened(place, `leaks.talk.${n}`);
  for (let said = 0; said < n % 10; said++) {
    await session.send({ said });
    place.given.note(await session.next({ timeout: 2_000 }) ?? {});
  }
  await session.end();
  return await session.closed;
};

const talkThroughWebStreams: Work = async (place, n) => {
  const session = await opened(place, `leaks.talk.${n}`);
  const writer = session.writable.getWriter();
  await writer.write("hello");
  await writer.close();
  for await (const _ of session.readable);
  return await session.closed;
};

const leaveLoop: Work = async (place, n) => {
  const session = await opened(place, `leaks.talk.${n}`);
  await session.send("hello");
  for await (const _ of session) break;
  return await session.closed;
};

const leave: Work = async (place, n) => {
  const session = await opened(place, `leaks.talk.${n}`);
  await session.send("hello");
  session.abort("enough");
  return await session.closed;
};

const abort: Work = async (place, n) => {
  const controller = new AbortController();
  const session = await opened(place, `leaks.talk.${n}`, { signal: controller.signal });
  controller.abort();
  return await session.closed;
};

/** Opens it, says a word and reads until the other side ends it. */
function opening(subject: string, options: OpenSessionOptions = {}): Work {
  return async (place) => {
    await using session = await opened(place, subject, options);
    await session.send("hello");
    for await (const message of session) place.given.note(message);
    return await session.closed;
  };
}

const openTwice: Work = async (place) => {
  const first = await opened(place, "leaks.single");
  try {
    // an outage may have ended the first one meanwhile, and this one would stay
    (await opened(place, "leaks.single")).abort();
  } finally {
    first.abort();
  }
  return "opened";
};

const idle = opening("leaks.talk.idle", { idleTimeout: 20 });
const overdue = opening("leaks.talk.late", { deadline: 20 });

/** A minute's worth: 60. */
export const SESSIONS: Kinds = {
  "talk": { times: 18, ends: "complete", work: talk },
  "talk through web streams": { times: 4, ends: "complete", work: talkThroughWebStreams },
  "leave the loop of a session": { times: 7, ends: "cancelled", work: leaveLoop },
  "leave a session": { times: 4, ends: "cancelled", work: leave },
  "abort a session": { times: 4, ends: "cancelled", work: abort },
  "talk to who throws": { times: 6, ends: "RemoteError 409", work: opening("leaks.fault") },
  "talk to who leaves": { times: 4, ends: "LinkError cancelled", work: opening("leaks.leaving") },
  "talk to nobody": { times: 3, ends: "NoRespondersError", work: opening("leaks.nobody") },
  "talk to who is silent": {
    times: 2,
    ends: "TimeoutError",
    work: opening("leaks.silent", { timeout: 20 }),
  },
  "open one session too many": { times: 4, ends: "RemoteError 429", work: openTwice },
  "leave a session idle": { times: 2, ends: "LinkError idle", work: idle },
  "talk past the deadline": { times: 2, ends: "LinkError deadline", work: overdue },
};
