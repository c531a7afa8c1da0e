import type { Inbox, InboxOptions } from "@signalbox/nats";
import type { Kinds, Work } from "./kind.ts";
import type { Place } from "./place.ts";

async function opened(place: Place, options: InboxOptions = {}): Promise<Inbox> {
  return place.given.note(await place.client.openInbox(options));
}

async function fill({ client }: Place, { subject }: Inbox, times: number): Promise<void> {
  for (let sent = 0; sent < times; sent++) await client.publish(subject, sent);
}

const readAll: Work = async (place) => {
  const inbox = await opened(place, { max: 3, idleTimeout: 400, signal: place.signal });
  await fill(place, inbox, 3);
  for await (const message of inbox) place.given.note(message);
  return await inbox.closed;
};

const leaveLoop: Work = async (place) => {
  await using inbox = await opened(place, { idleTimeout: 400, signal: place.signal });
  await fill(place, inbox, 5);
  for await (const _ of inbox) break;
  return await inbox.closed;
};

const waitInVain: Work = async (place) => {
  await using inbox = await opened(place);
  await inbox.next({ timeout: 5, signal: place.signal });
  return "read";
};

const beIdle: Work = async (place) => await (await opened(place, { idleTimeout: 10 })).closed;

const abort: Work = async (place) => {
  const controller = new AbortController();
  const inbox = await opened(place, { signal: controller.signal });
  await fill(place, inbox, 2);
  controller.abort();
  return await inbox.closed;
};

const abortOpening: Work = async ({ client }) => {
  const controller = new AbortController();
  const opening = client.openInbox({ signal: controller.signal });
  controller.abort();
  await opening;
  return "opened";
};

const overflow: Work = async (place) => {
  const inbox = await opened(place, { maxPending: { messages: 2 }, idleTimeout: 400 });
  await fill(place, inbox, 5);
  return await inbox.closed;
};

const drop: Work = async (place, n) => {
  const overflow = n % 2 ? "drop-oldest" : "drop-newest";
  await using inbox = await opened(place, { maxPending: { messages: 2 }, overflow });
  await fill(place, inbox, 5);
  await place.client.flush({ timeout: 400 });
  return inbox.dropped === 3 ? "dropped" : "taken";
};

/** A minute's worth: 60. */
export const INBOXES: Kinds = {
  "read an inbox": { times: 16, ends: "max", work: readAll },
  "leave the loop of an inbox": { times: 8, ends: "cancelled", work: leaveLoop },
  "wait for an inbox in vain": { times: 8, ends: "TimeoutError", work: waitInVain },
  "leave an inbox idle": { times: 8, ends: "idle", work: beIdle },
  "abort an inbox": { times: 6, ends: "cancelled", work: abort },
  "abort the opening of an inbox": { times: 4, ends: "AbortError", work: abortOpening },
  "overflow an inbox": { times: 6, ends: "overflow", work: overflow },
  "have an inbox drop": { times: 4, ends: "dropped", work: drop },
};
