/** An operation of the client protocol: the first word of a line. */
export interface Operation {
  readonly name:
    | "connect"
    | "info"
    | "pub"
    | "hpub"
    | "sub"
    | "unsub"
    | "ping"
    | "pong"
    | "+ok"
    | "-err";
  readonly bytes: Uint8Array;
  /** Whether white space must follow the name. */
  readonly spaced: boolean;
}

const TAB = 9;
const SPACE = 32;
const SPACED = ["pub", "hpub", "sub", "unsub", "-err"] as const;
/** White space may be missing after these: `PING` ignores the rest, and JSON shows where it begins. */
const UNSPACED = ["ping", "pong", "connect", "info", "+ok"] as const;

const operations = new Map<number, Operation[]>();
for (const name of SPACED) know(name, true);
for (const name of UNSPACED) know(name, false);

function know(name: Operation["name"], spaced: boolean): void {
  const bytes = new TextEncoder().encode(name);
  const alike = operations.get(bytes[0]!) ?? [];
  alike.push({ name, bytes, spaced });
  operations.set(bytes[0]!, alike);
}

/** White space between arguments. */
export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function lower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

/** The operation a line begins with, in any case. A `partial` line may end within the name. */
export function findOperation(
  bytes: Uint8Array,
  start: number,
  end: number,
  partial: boolean,
): Operation | undefined {
  const alike = start < end ? operations.get(lower(bytes[start]!)) : undefined;
  if (!alike) return undefined;
  for (const operation of alike) {
    if (begins(operation, bytes, start, end, partial)) return operation;
  }
  return undefined;
}

function begins(
  { bytes: name, spaced }: Operation,
  bytes: Uint8Array,
  start: number,
  end: number,
  partial: boolean,
): boolean {
  for (let i = 0; i < name.length; i++) {
    if (start + i === end) return partial;
    if (lower(bytes[start + i]!) !== name[i]) return false;
  }
  if (!spaced) return true;
  const next = start + name.length;
  return next === end ? partial : isBlank(bytes[next]!);
}
