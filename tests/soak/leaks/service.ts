import { type NatsBroker, ReplyError, type Schema } from "@signalbox/nats";
import { delay } from "../../support/delay.ts";
import { aborted } from "../../support/within.ts";

const LINK = { keepAlive: 200, resumeTimeout: 800 } as const;

const refusing: Schema = {
  "~standard": { version: 1, vendor: "by hand", validate: () => ({ issues: [{ message: "no" }] }) },
};

/** Registers whatever is asked for: what answers, fails, refuses, waits and is full. */
export function serve(service: NatsBroker): void {
  service.use((_message, next) => next());
  serveRequests(service);
  serveStreams(service);
  serveSessions(service);
}

function serveRequests(service: NatsBroker): void {
  service.subscriber("leaks.echo", ({ body }) => body);
  service.subscriber("leaks.throw", () => {
    throw new Error("thrown on purpose");
  });
  service.subscriber("leaks.refuse", () => {
    throw new ReplyError(409, "Not now", { left: 0 });
  });
  service.subscriber("leaks.nothing", { filter: () => false }, () => "never");
  service.subscriber("leaks.strict", { schema: refusing }, () => "never");
  service.subscriber("leaks.late", async ({ signal }) => void await aborted(signal));
  service.subscriber("leaks.silent", { noReply: true }, () => {});
  const narrow = { concurrency: 1, maxPending: { messages: 1 } };
  service.subscriber("leaks.busy", narrow, () => delay(5));
}

function serveStreams(service: NatsBroker): void {
  const options = { streams: LINK };
  service.subscriber("leaks.parts", options, async function* ({ body }) {
    for (let part = 0; part < Number(body); part++) yield { part, text: "x".repeat(50) };
  });
  service.subscriber("leaks.torn", options, async function* () {
    yield "first";
    throw new Error("thrown on purpose");
  });
  service.subscriber("leaks.endless", options, async function* ({ signal }) {
    yield "first";
    await aborted(signal);
  });
  service.subscriber("leaks.one", { ...options, maxStreams: 1 }, async function* ({ signal }) {
    yield "first";
    await aborted(signal);
  });
}

function serveSessions(service: NatsBroker): void {
  service.session("leaks.talk.{room}", LINK, async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  service.session("leaks.fault", LINK, async (session) => {
    await session.next();
    throw new ReplyError(409, "Enough");
  });
  service.session("leaks.leaving", LINK, async (session) => {
    await session.send("first");
    session.abort("enough");
  });
  service.session("leaks.single", { ...LINK, maxSessions: 1 }, ({ signal }) => aborted(signal));
}
