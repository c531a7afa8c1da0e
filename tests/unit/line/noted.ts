import type { LineWatch, Listener } from "../../../src/line/line.ts";
import { agree } from "../../support/scripted_server.ts";

/** A watch and listeners that note what becomes of a line, in order. */
export function noted() {
  const steps: string[] = [];
  const watch: LineWatch = {
    serverError: ({ message }) => void steps.push(`said ${message}`),
    lameDuck: () => void steps.push("leaving"),
    invalidReplyAddress: ({ replyTo }) => void steps.push(`invalidReplyAddress ${replyTo}`),
    dropped: ({ subject }) => void steps.push(`dropped ${subject}`),
    failed: ({ message }) => void steps.push(`failed ${message}`),
    closed: () => void steps.push("ended"),
  };
  const listener = (subject: string, queue?: string): Listener => ({
    subject,
    queue,
    take: ({ data }) => void steps.push(`${subject}: ${new TextDecoder().decode(data)}`),
    refused: () => void steps.push(`refused ${subject}`),
  });
  return { steps, watch, listener };
}

/** A message of so many bytes. */
export function publish(subject: string, size = 0) {
  return { subject, replyTo: "", data: new Uint8Array(size), headerBlock: undefined };
}

/** Refuses what is published to `no`, and subscriptions of it. */
export function strict(line: string): string {
  if (line.startsWith("PUB no")) return `-ERR 'Permissions Violation for Publish to "no"'\r\n`;
  if (line.startsWith("SUB no")) return `-ERR 'Permissions Violation for Subscription to "no"'\r\n`;
  return agree(line);
}
