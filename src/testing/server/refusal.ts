import { quoted } from "./byte_string.ts";

/** Every text that may follow -ERR, in nats-server's words, by which clients tell them apart. */
export const Refusal = {
  authorization: "Authorization Violation",
  authTimeout: "Authentication Timeout",
  stale: "Stale Connection",
  unknownOperation: "Unknown Protocol Operation",
  controlLine: "maximum control line exceeded",
  maxPayload: "Maximum Payload Violation",
  maxConnections: "maximum connections exceeded",
  maxSubscriptions: "maximum subscriptions exceeded",
  protocol: "invalid client protocol",
  noResponders: "no responders requires headers support",
  subject: "Invalid Subject",
  publishSubject: "Invalid Publish Subject",
  publish: (subject: string): string => `Permissions Violation for Publish to ${quoted(subject)}`,
  reply: (reply: string): string =>
    `Permissions Violation for Publish with Reply of ${quoted(reply)}`,
  /** For a subscription that was permitted before. */
  subscribed: (subject: string, queue: string | undefined, sid: string): string =>
    `${Refusal.subscribe(subject, queue)} (sid ${quoted(sid)})`,
  subscribe: (subject: string, queue: string | undefined): string => {
    const using = queue === undefined ? "" : ` using queue ${quoted(queue)}`;
    return `Permissions Violation for Subscription to ${quoted(subject)}${using}`;
  },
} as const;
