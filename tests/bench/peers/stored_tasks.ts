import type { Peer, StoreOrder } from "./peer.ts";
import type { Place, Places } from "./places.ts";
import type { Task } from "./task.ts";

/** All there is to do with streams and buckets. */
export function storedTasks(places: Places): readonly Task[] {
  const stored = (place: Place) => place.stored();
  const changed = (place: Place) => place.changed();
  return [
    ...[64, 512].map((atOnce) => counted(places, "publish until stored", "store", atOnce, stored)),
    ...[1, 64].map((atOnce) => counted(places, "KV put", "put", atOnce, changed)),
    ...[1, 64].map((atOnce) => counted(places, "KV get", "get", atOnce)),
    puttingObjects(places),
    gettingObjects(places),
  ];
}

/** As many as were wanted are stored once it is done, by the server's own count; reads have none. */
function counted(
  places: Places,
  name: string,
  order: StoreOrder,
  atOnce: number,
  count?: (place: Place) => Promise<number>,
): Task {
  return {
    name: `${name}, ${atOnce} at once`,
    suits: storing,
    async perform(peer, operations) {
      const place = await places.of(peer);
      const before = await count?.(place) ?? 0;
      const milliseconds = await peer.store(order, atOnce, operations);
      const taken = (await count?.(place) ?? operations) - before;
      if (taken !== operations) {
        throw new Error(
          `Cannot measure ${peer.name} as the server must have stored ${operations}: ${taken}`,
        );
      }
      return milliseconds;
    },
  };
}

function puttingObjects(places: Places): Task {
  return {
    name: "MB of an object put",
    suits: storing,
    async perform(peer, operations) {
      const place = await places.of(peer);
      const before = await place.object();
      const milliseconds = await peer.store("putObject", places.megabytes);
      const { digest, revision } = await place.object();
      if (revision <= before.revision || digest !== await places.digest()) {
        throw new Error(`Cannot measure ${peer.name} as its object must be whole: ${digest}`);
      }
      return scaled(milliseconds, operations, places);
    },
  };
}

function gettingObjects(places: Places): Task {
  return {
    name: "MB of an object read",
    suits: storing,
    async perform(peer, operations) {
      await places.of(peer);
      return scaled(await peer.store("getObject", places.megabytes), operations, places);
    },
  };
}

/** The object goes over once: a few megabytes would measure the first answer and not the rate. */
function scaled(milliseconds: number, operations: number, { megabytes }: Places): number {
  return milliseconds * operations / megabytes;
}

function storing({ stores }: Peer): boolean {
  return stores;
}
