import type { RecordedFrame } from "./session_frames.ts";

/** Where the page is. */
const PAGE = new URL("../../src/link/PROTOCOL.md", import.meta.url);

/** A table of the page: its rows, by the names of its columns. */
export type Table = readonly Readonly<Record<string, string>>[];

/** What the page of the protocol says in its tables. */
export interface ProtocolPage {
  /** Of numbered frames. */
  readonly codes: Table;
  /** Of control frames. */
  readonly letters: Table;
  /** Of `Signalbox-Link`, in the order of the page. */
  readonly fields: Table;
  readonly headers: Table;
  /** Of a tally, in their order. */
  readonly tally: Table;
  readonly reasons: Table;
  /** Each event in each state. */
  readonly events: Table;
  /** What servers refuse with, and links end with. */
  readonly errors: Table;
  /** The session that it shows as an example. */
  readonly picture: readonly RecordedFrame[];
}

/** Reads the page. */
export async function readPage(): Promise<ProtocolPage> {
  const text = await Deno.readTextFile(PAGE);
  const tables = tablesOf(text);
  const titled = (...columns: readonly string[]): Table => {
    const found = tables.find((rows) =>
      columns.every((column, at) => Object.keys(rows[0]!)[at] === column)
    );
    if (!found) throw new Error(`Cannot find a table in the page: ${columns.join(", ")}`);
    return found;
  };
  return {
    codes: titled("code", "payload"),
    letters: titled("letter"),
    fields: titled("field"),
    headers: titled("header"),
    tally: titled("number"),
    reasons: titled("reason"),
    events: titled("event"),
    errors: titled("code", "when"),
    picture: pictureOf(text),
  };
}

/** Each message stands on a line of its own, above its arrow. */
function pictureOf(text: string): readonly RecordedFrame[] {
  const lines = text.matchAll(/^│ (\S+) +reply (\S+) +(.*?) *│$/gm);
  return [...lines].map(([, subject, replyTo, said = ""]) => ({
    subject: subject!,
    replyTo: replyTo!,
    ...(said.startsWith("Signalbox-") ? { headers: [said] } : { text: said }),
  }));
}

function tablesOf(text: string): readonly Table[] {
  const blocks = text.match(/(?:^\|.*\|\n)+/gm) ?? [];
  return blocks.map((block) => {
    const [names, , ...rows] = block.trimEnd().split("\n").map(cellsOf);
    return rows.map((cells) =>
      Object.fromEntries(names!.map((name, at) => [name, cells[at] ?? ""]))
    );
  });
}

function cellsOf(line: string): string[] {
  return line.slice(1, -1).split("|").map((cell) => cell.trim());
}
