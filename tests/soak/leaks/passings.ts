import { delay } from "../../support/delay.ts";
import { until } from "../../support/nats_server/until.ts";
import type { Kinds, Work } from "./kind.ts";

const serveAWhile: Work = async ({ client, given }, n) => {
  const subject = `leaks.passing.${n}`;
  await using subscriber = given.note(client.subscriber(subject, ({ body }) => body));
  await subscriber.start();
  given.note(await client.request(subject, n));
  return "answered";
};

const readAWhile: Work = async ({ client, given, signal }, n) => {
  const subject = `leaks.reading.${n}.*`;
  await using subscriber = given.note(client.subscriber(subject));
  await subscriber.start();
  await client.publish(`leaks.reading.${n}.1`, n);
  given.note(await subscriber.next({ timeout: 400, signal }) ?? {});
  return "read";
};

const leaveEvents: Work = async ({ client, given }) => {
  const events = given.note(client.events());
  const waiting = events.next();
  await events.return?.();
  return (await waiting).done ? "left" : "told";
};

/** Has all connections break, one way or another, and sees both brokers come back. */
const outage: Work = async ({ proxy, client, service }, n) => {
  const kind = n % 4;
  if (kind === 0) proxy.cut();
  if (kind === 1) proxy.cutAfter(n % 2_000);
  if (kind === 2) {
    await proxy.refuse();
    proxy.cut();
    await delay(30);
    proxy.accept();
  }
  if (kind === 3) {
    proxy.stall();
    await delay(30);
    proxy.cut();
    proxy.resume();
  }
  await until("both brokers must be back", async () => {
    const pings = [client, service].map((broker) => broker.ping({ timeout: 200 }));
    return (await Promise.allSettled(pings)).every(({ status }) => status === "fulfilled");
  });
  return "back";
};

/** A minute's worth of what comes and goes beside all else. */
export const PASSINGS: Kinds = {
  "serve for a while": { times: 10, ends: "answered", work: serveAWhile },
  "read for a while": { times: 10, ends: "read", work: readAWhile },
  "leave the events": { times: 10, ends: "left", work: leaveEvents },
  "break all connections": { times: 1, ends: "back", work: outage },
};
