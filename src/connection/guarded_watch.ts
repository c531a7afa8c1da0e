import type { LineWatch } from "../line/line.ts";
import type { Outgoing } from "../message/outgoing.ts";
import type { Packet } from "../message/packet.ts";
import type { Report } from "./subscriptions.ts";

/** A watch that throws nothing into the client, in whose own work it is called: what is thrown is reported. */
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
