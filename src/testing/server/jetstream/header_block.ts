/**
 * Header blocks as byte strings, read and changed the way nats-server does it: names are case-sensitive, the first
 * value of a name counts, and other headers keep their exact bytes.
 */

const LINE = "NATS/1.0\r\n";
const END = "\r\n";

/** The first value of a header; `undefined` if absent. */
export function headerOf(block: string, name: string): string | undefined {
  const at = indexOf(block, name);
  if (at < 0) return undefined;
  const end = block.indexOf(END, at);
  return block.slice(at + name.length + 1, end < 0 ? undefined : end).replace(/^ +/, "");
}

/** The first value of a header; empty if absent. */
export function headerText(block: string, name: string): string {
  return headerOf(block, name) ?? "";
}

/** Header values by name. */
type Fields = Readonly<Record<string, string | number>>;

/** The block with one more header at its end. */
export function withHeader(block: string, name: string, value: string): string {
  return withHeaders(block, { [name]: value });
}

/** The block with these headers at its end. */
export function withHeaders(block: string, headers: Fields): string {
  const before = block.length > END.length ? block.slice(0, -END.length) : LINE;
  return `${before}${linesOf(headers)}${END}`;
}

/** Sets the value of a header in a block: it replaces the first one of that name, or is added at the end. */
export function withHeaderSet(block: string, name: string, value: string): string {
  const at = indexOf(block, name);
  if (at < 0) return withHeader(block, name, value);
  const end = block.indexOf(END, at);
  return `${block.slice(0, at)}${name}: ${value}${end < 0 ? END : block.slice(end)}`;
}

/** The block without the headers of that name; empty if none is left. */
export function withoutHeader(block: string, name: string): string {
  for (let at = indexOf(block, name); at >= 0; at = indexOf(block, name)) block = cut(block, at);
  return block;
}

/** The block without the headers whose names start with the prefix; empty if none is left. */
export function withoutHeaders(block: string, prefix: string): string {
  const start = END + prefix;
  for (let at = block.indexOf(start); at >= 0; at = block.indexOf(start)) {
    block = cut(block, at + END.length);
  }
  return block;
}

/** The block without a status in its first line. */
export function withoutStatus(block: string): string {
  if (block === "" || block.startsWith(LINE)) return block;
  const end = block.indexOf(END);
  if (end < 0) return block;
  const rest = block.slice(end + END.length);
  return rest === END || rest === "" ? "" : LINE + rest;
}

/** Builds a block of these headers. */
export function headerBlock(headers: Fields): string {
  return withHeaders("", headers);
}

/** Builds a block with a status and optional headers. */
export function statusBlock(status: string, headers: Fields = {}): string {
  return `NATS/1.0 ${status}${END}${linesOf(headers)}${END}`;
}

function linesOf(headers: Fields): string {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}${END}`).join("");
}

function indexOf(block: string, name: string): number {
  for (let at = block.indexOf(name); at >= 0; at = block.indexOf(name, at + name.length)) {
    if (at >= 2 && block.startsWith(END, at - 2) && block[at + name.length] === ":") return at;
  }
  return -1;
}

function cut(block: string, at: number): string {
  const end = block.indexOf(END, at);
  if (end < 0) return block.slice(0, at);
  const left = block.slice(0, at) + block.slice(end + END.length);
  return left.length <= LINE.length + END.length ? "" : left;
}
