/** What the address of an answer says of a message that is one of many on their way. */
export interface FastPart {
  readonly id: string;
  readonly seq: number;
  /** After how many messages an acknowledgement is asked for at most. */
  readonly flow: number;
  /** May messages be missing? */
  readonly gapsAllowed: boolean;
  readonly kind: "message" | "last" | "end" | "ping";
}

const SUFFIX = ".$FI";
const KINDS = ["message", "message", "last", "end", "ping"] as const;
const DEFAULT_FLOW = 10;
const MAX_FLOW = 65_535;

/** Is the message one of many on their way? */
export function isFastPart(reply: string): boolean {
  return reply.length > SUFFIX.length && reply.endsWith(SUFFIX);
}

/** Reads an address such as `_INBOX.x.<id>.<flow>.<ok or fail>.<seq>.<kind>.$FI`; `undefined` where it is none. */
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
