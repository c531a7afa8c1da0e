import type { LineWatch } from "../line/line.ts";
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
    said: (error) => safely(() => watch.said(error)),
    isLeaving: () => safely(() => watch.isLeaving()),
    unanswerable: (packet) => safely(() => watch.unanswerable(packet)),
    dropped: (outgoing, error) => safely(() => watch.dropped(outgoing, error)),
    failed: (error) => safely(() => watch.failed(error)),
    ended: () => safely(() => watch.ended()),
  };
}
