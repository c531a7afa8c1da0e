import type { LineWatch } from "../line/line.ts";
import type { Outgoing } from "../message/outgoing.ts";
import type { Packet } from "../message/packet.ts";
import type { Report } from "./subscriptions.ts";

/** Makes a watch that reports what it throws: an exception in the client's own work would end the connection. */
export function guarded(watch: LineWatch, report: Report): LineWatch {
  const safely = (work: () => void) => {
    try {
      work();
    } catch (error) {
      report(error as Error);
    }
  };
  return {
    said: (error: Error) => safely(() => watch.said(error)),
    isLeaving: () => safely(() => watch.isLeaving()),
    unanswerable: (packet: Packet) => safely(() => watch.unanswerable(packet)),
    dropped: (outgoing: Outgoing, error: Error) => safely(() => watch.dropped(outgoing, error)),
    failed: (error: Error) => safely(() => watch.failed(error)),
    ended: () => safely(() => watch.ended()),
  };
}
