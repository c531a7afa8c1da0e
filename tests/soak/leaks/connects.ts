import type { BrokerOptions } from "@signalbox/nats";
import { Proxy } from "../../support/proxy.ts";
import { aborted, meanwhile } from "../../support/within.ts";
import type { Kinds, Work } from "./kind.ts";
import type { Place } from "./place.ts";
import { USER } from "./station.ts";

/** Connects, asks, and goes. */
const visit: Work = async (place, n) => {
  await using broker = place.broker();
  await broker.connect();
  place.given.note(await broker.request("leaks.echo", n));
  await broker.ping({ timeout: 400 });
  return "answered";
};

/** Goes with much in its hands, without a word to any of it. */
const leaveAll: Work = async (place, n) => {
  await using broker = place.broker();
  broker.subscriber(`leaks.visitor.${n}`, ({ body }) => body);
  broker.events();
  await broker.start();
  const inbox = place.given.note(await broker.openInbox({ signal: place.signal }));
  const session = place.given.note(await broker.openSession(`leaks.talk.${n}`));
  place.given.note(broker.requestStream("leaks.endless"));
  const asked = meanwhile(() => broker.request("leaks.late", n, { timeout: 100 }));
  await broker.stop({ timeout: 20 });
  await asked.catch(() => {});
  await session.closed;
  return await inbox.closed;
};

/** Stops while a handler is at work, whose caller has to be told. */
const stopAtWork: Work = async (place, n) => {
  await using broker = place.broker();
  const begun = Promise.withResolvers<void>();
  broker.subscriber(`leaks.worker.${n}`, async ({ signal }) => {
    begun.resolve();
    await aborted(signal);
    throw signal.reason;
  });
  await broker.start();
  const asked = meanwhile(() => place.client.request(`leaks.worker.${n}`, n));
  await Promise.race([begun.promise, asked.catch(() => {})]);
  await broker.stop({ timeout: 20 });
  await asked;
  return "answered";
};

/** Stops while its server is out of reach. */
const stopInOutage: Work = async (place, n) => {
  await using way = await Proxy.start(place.station.port);
  await using broker = place.broker({}, way.url);
  const events = broker.events();
  await broker.connect();
  const inbox = place.given.note(await broker.openInbox());
  await way.refuse();
  way.cut();
  for await (const { type } of events) if (type === "disconnected") break;
  await broker.publish(`leaks.nobody`, n);
  await broker.stop({ timeout: 20 });
  return await inbox.closed;
};

/** Fails twice in the same way. */
function failing(options: BrokerOptions, url: (place: Place) => string | undefined): Work {
  return async (place) => {
    await using broker = place.broker(options, url(place));
    await broker.connect().catch(() => {});
    await broker.connect();
    return "connected";
  };
}

const outwait: Work = async (place) => {
  await using way = await Proxy.start(place.station.port);
  way.stall();
  await using broker = place.broker({ connectTimeout: 20 }, way.url);
  await broker.connect();
  return "connected";
};

/** Gives up waiting for a server that never comes. */
const giveUp: Work = async (place) => {
  await using broker = place.broker({ waitOnFirstConnect: true }, place.nowhere());
  const connecting = meanwhile(() => broker.connect());
  await broker.stop();
  await connecting;
  return "connected";
};

const refused = failing({}, (place) => place.nowhere());
const stranger = failing({ auth: { user: USER.user, password: "wrong" } }, () => undefined);

/** A minute's worth: 10. */
export const CONNECTS: Kinds = {
  "connect, ask and stop": { times: 3, ends: "answered", work: visit },
  "stop with all in hand": { times: 1, ends: "connection", work: leaveAll },
  "stop while a handler works": { times: 1, ends: "RemoteError 503", work: stopAtWork },
  "stop in an outage": { times: 1, ends: "connection", work: stopInOutage },
  "connect to nowhere": { times: 1, ends: "ConnectionError refused", work: refused },
  "connect with wrong credentials": {
    times: 1,
    ends: "ConnectionError authorization",
    work: stranger,
  },
  "connect to who is mute": { times: 1, ends: "ConnectionError timeout", work: outwait },
  "stop waiting for a server": { times: 1, ends: "ConnectionError closed", work: giveUp },
};
