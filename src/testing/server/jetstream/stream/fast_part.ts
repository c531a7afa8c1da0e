/** The fields that a fast batch message encodes in its reply subject. */
export interface FastPart {
  readonly id: string;
  readonly seq: number;
  /** The most messages that the publisher wants between two acknowledgements. */
  readonly flow: number;
  /** Whether the batch allows gaps. */
  readonly gapsAllowed: boolean;
  readonly kind: "message" | "last" | "end" | "ping";
}

const SUFFIX = ".$FI";
const KINDS = ["message", "message", "last", "end", "ping"] as const;
const DEFAULT_FLOW = 10;
const MAX_FLOW = 65_535;

/** Whether the reply subject is that of a fast batch message. */
export function isFastPart(reply: string): boolean {
  return reply.length > SUFFIX.length && reply.endsWith(SUFFIX);
}

/**
 * Parses a reply subject such as `_INBOX.x.<id>.<flow>.<ok or fail>.<seq>.<kind>.$FI`; `undefined` if it is malformed.
 */
export function readFastPart(reply: string): FastPart | undefined {
  const tokens = reply.slice(0, -SUFFIX.length).split(".");
  if (tokens.length < 5) return undefined;
  const [id, flow, gaps, seqText, kindText] = tokens.slice(-5) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const kind = /^[0-4]$/.test(kindText) ? KINDS[Number(kindText)]! : undefined;
  const seq = /^\d{1,15}$/.test(seqText) ? Number(seqText) : 0;
  const isMisplaced = (kindText === "0" && seq !== 1) || (kindText === "1" && seq <= 1) ||
    (kind === "end" && seq === 1);
  if (kind === undefined || seq === 0 || isMisplaced || (gaps !== "ok" && gaps !== "fail")) {
    return undefined;
  }
  const asked = /^\d{1,15}$/.test(flow) ? Number(flow) : 0;
  return {
    id,
    seq,
    flow: asked === 0 ? DEFAULT_FLOW : Math.min(asked, MAX_FLOW),
    gapsAllowed: gaps === "ok",
    kind,
  };
}
