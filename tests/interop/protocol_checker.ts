import { assert, assertEquals } from "@std/assert";
import type { ProtocolPage, Table } from "./protocol_page.ts";
import {
  nameOf,
  type Part,
  partsOf,
  payloadOf,
  type RecordedFrame,
  type RecordedScene,
  secretOf,
} from "./session_frames.ts";

type Terms = Readonly<Record<string, number>>;
type Tally = Readonly<Record<string, number>>;

/** What one side of a link has said so far. */
interface Side {
  readonly inbox: string;
  /** Whether it has accepted. */
  readonly isServer: boolean;
  readonly terms: Terms;
  /** What it opened or accepted with. */
  readonly first: RecordedFrame;
  /** The addresses of its opening, or its acceptances. */
  readonly entries: Set<string>;
  /** How often each of its addresses may be used yet, by a side that may do so only so often. */
  readonly given: Map<string, number>;
  serial: number;
  /** The last number, and the highest. */
  last: number;
  highest: number;
  /** Those of all frames up to each number. */
  readonly bytes: number[];
  tally: Tally | undefined;
  /** Where it sends to, if it is free. */
  met: string | undefined;
  end: "e" | "f" | "x" | undefined;
}

interface Name {
  readonly code?: string;
  readonly letter?: string;
  readonly number: number;
}

/** Holds frames against the page: that each is as it says, and comes where it may. */
export class ProtocolChecker {
  /** Codes, letters, reasons and header fields that were seen. */
  readonly seen = new Set<string>();
  readonly #page: ProtocolPage;
  readonly #codes: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly #letters: ReadonlyMap<string, Readonly<Record<string, string>>>;

  constructor(page: ProtocolPage) {
    this.#page = page;
    this.#codes = byFirst(page.codes);
    this.#letters = byFirst(page.letters);
  }

  /** @throws {AssertionError} naming the frame that is not as the page says */
  check({ name, frames }: RecordedScene): void {
    const openings = new Map<string, RecordedFrame>();
    const sides = new Map<string, readonly [own: Side, other: Side]>();
    for (const [at, frame] of frames.entries()) {
      const where = `${name}, frame ${at + 1}: ${JSON.stringify(frame)}`;
      const opening = openings.get(frame.subject);
      if (!opening && this.#terms(frame)) {
        openings.set(frame.replyTo!, frame);
        this.#checkOpening(frame, where);
      } else if (opening && sides.has(inboxOf(frame.replyTo ?? "")) && this.#terms(frame)) {
        this.#checkRepeated(frame, sides, where);
      } else if (opening && this.#terms(frame)) {
        this.#checkAcceptance(opening, frame, sides, where);
      } else if (opening && frame.replyTo === undefined) {
        this.#checkAnswer(frame, where);
      } else if (!this.#isPlain(frame)) {
        this.#checkFrame(frame, sides, where);
      }
    }
    for (const [side] of sides.values()) {
      if (!side.end) assert(sides.get(side.inbox)![1].end, `${name}: ${side.inbox} must end`);
    }
  }

  /** Of callers that do not speak of links. */
  #isPlain({ subject, replyTo }: RecordedFrame): boolean {
    return subject.startsWith("plain.") || (replyTo?.startsWith("plain.") ?? false);
  }

  #checkOpening(frame: RecordedFrame, where: string): void {
    assertEquals(this.#nameOf(frame), { letter: "o", number: 1 }, where);
    this.#checkHeaders(frame, "opening", where);
  }

  #checkAcceptance(
    opening: RecordedFrame,
    frame: RecordedFrame,
    sides: Map<string, readonly [Side, Side]>,
    where: string,
  ): void {
    assertEquals(this.#nameOf(frame), { letter: "o", number: 1 }, where);
    assertEquals(payloadOf(frame).length, 0, where);
    this.#checkHeaders(frame, "acceptance", where);
    const kinds = [opening, frame].map((each) =>
      fieldsOf(each).get("signalbox-link")?.split(" ")[1]
    );
    assertEquals(kinds[0], kinds[1], where);
    const [opener, server] = [opening, frame].map((each) =>
      sideOf(each, this.#terms(each)!, each === frame)
    );
    const isLimited = [opener, server].some((side) => side!.terms.responses! > 0);
    const hasSecret = isLimited && opener!.terms.secret! > 0;
    assertEquals(server!.terms.secret! > 0, hasSecret, `a secret where it is needed, ${where}`);
    // the acceptance itself came to it
    spend(opener!.given, frame.subject, server!.terms.responses!, where);
    opener!.given.set(opening.replyTo!, (server!.terms.responses || Infinity) - 1);
    server!.given.set(frame.replyTo!, opener!.terms.responses || Infinity);
    if (sides.has(opener!.inbox)) return void sides.set(server!.inbox, [server!, opener!]);
    sides.set(opener!.inbox, [opener!, server!]);
    sides.set(server!.inbox, [server!, opener!]);
    if (kinds[0] === "stream") opener!.end = "e";
  }

  /** One who has accepted says so again, as nothing has come from the opener. */
  #checkRepeated(
    frame: RecordedFrame,
    sides: ReadonlyMap<string, readonly [Side, Side]>,
    where: string,
  ): void {
    const [server, opener] = sides.get(inboxOf(frame.replyTo!))!;
    const name = this.#nameOf(frame);
    assertEquals(name?.letter, "o", where);
    assert(name!.number > server.serial, `serials rise, ${where}`);
    assertEquals(payloadOf(frame).length, 0, where);
    assertEquals(frame.headers, server.first.headers, where);
    spend(opener.given, frame.subject, server.terms.responses!, where);
    server.serial = name!.number;
    server.entries.add(frame.replyTo!);
    server.given.set(frame.replyTo!, opener.terms.responses || Infinity);
  }

  /** It refuses, or does not speak of links. */
  #checkAnswer(frame: RecordedFrame, where: string): void {
    const names = this.#checkHeaders(frame, "refusal", where);
    const end = fieldsOf(frame).get("signalbox-end") ?? "none";
    assert(["complete", "error", "none"].includes(end), where);
    if (!names.includes("nats-service-error-code")) return;
    const code = fieldsOf(frame).get("nats-service-error-code");
    assert(this.#page.errors.some((row) => row.code === code), where);
  }

  #checkFrame(
    frame: RecordedFrame,
    sides: ReadonlyMap<string, readonly [Side, Side]>,
    where: string,
  ): void {
    const name = this.#nameOf(frame);
    assert(name, where);
    const [to, from] = sides.get(inboxOf(frame.subject))!;
    if (sides.get(from.inbox)![0] !== from) return this.#checkLeft(frame, name, from, where);
    const isBare = frame.replyTo === undefined;
    const isToLimited = to.terms.responses! > 0;
    if (name.code) {
      assertEquals(isBare, isToLimited, `only a limited side is so written to, ${where}`);
      const { secret } = to.isServer ? to.terms : from.terms;
      const told = secret === 0 ? "" : String(secret);
      if (isBare) assertEquals(secretOf(frame), told, `with what was told, ${where}`);
    } else assertEquals(isBare, false, where);
    if (!isBare) this.#checkAddress(frame, to, from, where);
    if (name.code) this.#checkMessage(frame, name.code, name.number, to, from, where);
    else this.#checkControl(frame, name.letter!, name.number, to, from, where);
  }

  /** One who has accepted in vain is told so, and nothing else. */
  #checkLeft(frame: RecordedFrame, name: Name, from: Side, where: string): void {
    assertEquals(name, { letter: "x", number: 1 }, where);
    this.#checkHeaders(frame, "x", where);
    from.end = "x";
  }

  #checkAddress({ subject, replyTo }: RecordedFrame, to: Side, from: Side, where: string): void {
    assertEquals(inboxOf(replyTo!), from.inbox, where);
    if (from.terms.responses === 0) {
      assert(to.entries.has(subject), `to where it was met, ${where}`);
      from.met ??= subject;
      assertEquals(subject, from.met, where);
    }
    spend(to.given, subject, from.terms.responses!, where);
  }

  #checkMessage(
    frame: RecordedFrame,
    code: string,
    number: number,
    to: Side,
    from: Side,
    where: string,
  ): void {
    const parts = partsOf(frame, number, code);
    if (code === "s") {
      assertEquals(frame.headers, undefined, where);
      assert(payloadOf(frame).length <= to.terms.several!, `no more than it takes, ${where}`);
      assert(parts.length > 0, where);
      const codes = parts.map(({ code }) => code).join("");
      assert(/^[tjbumef]+$/.test(codes), `frames without headers, ${where}`);
    }
    for (const part of parts) this.#checkNumbered(frame, part, to, from, where);
  }

  #checkNumbered(
    frame: RecordedFrame,
    { code, number, payload: content, size }: Part,
    to: Side,
    from: Side,
    where: string,
  ): void {
    const { payload = "", headers = "" } = this.#codes.get(code)!;
    this.seen.add(`code ${code}`);
    if (payload === "empty") assertEquals(content.length, 0, where);
    if (headers === "none") assertEquals(frame.headers, undefined, where);
    if (code === "h") assert(frame.headers, where);
    if (code === "h" || code === "f") this.#checkHeaders(frame, code, where);
    assert(from.end === undefined || (from.end === "e" && code === "f"), `nothing after, ${where}`);
    assertEquals(number, from.last + 1, `numbers have no hole, ${where}`);
    const before = from.bytes[number - 1]!;
    if (code !== "e" && code !== "f") {
      assert(number <= told(to, "frames"), `within the window, ${where}`);
      assert(before < told(to, "bytes"), `within the window in bytes, ${where}`);
    } else from.end = code;
    from.last = number;
    from.highest = Math.max(from.highest, number);
    const known = from.bytes[number];
    if (known === undefined) from.bytes.push(before + size);
    else assertEquals(before + size, known, `what is sent again is the same, ${where}`);
  }

  #checkControl(
    frame: RecordedFrame,
    letter: string,
    serial: number,
    to: Side,
    from: Side,
    where: string,
  ): void {
    assert(serial > from.serial, `serials rise, ${where}`);
    from.serial = serial;
    from.given.set(frame.replyTo!, to.terms.responses || Infinity);
    if (letter === "x") {
      from.end = "x";
      return void this.#checkHeaders(frame, "x", where);
    }
    assertEquals(frame.headers, undefined, where);
    assert(from.end !== "x", `nothing after an abort, ${where}`);
    this.#checkTally(frame, from, to, where);
    // whoever is asked goes back to what has not come
    if (letter === "g") to.last = from.tally!.received!;
    if (letter === "q") assert(from.end || to.end, where);
  }

  #checkTally(frame: RecordedFrame, from: Side, to: Side, where: string): void {
    const numbers = (frame.text ?? "").match(/^\d{1,16}(?: \d{1,16}){4}$/)?.[0].split(" ") ?? [];
    const names = this.#page.tally.map(({ number }) => number!);
    assertEquals(numbers.length, names.length, where);
    const tally: Tally = Object.fromEntries(names.map((name, at) => [name, Number(numbers[at])]));
    for (const rising of ["received", "frames", "bytes", "spent"]) {
      assert(tally[rising]! >= (from.tally?.[rising] ?? 0), `${rising} must not go down, ${where}`);
    }
    assert(tally.received! <= to.highest, `nobody has what was not sent, ${where}`);
    const taken = tally.received!;
    assert(tally.frames! <= from.terms.frames! + taken, `no more is read than came, ${where}`);
    assert(tally.bytes! <= from.terms.bytes! + to.bytes[taken]!, `nor so in bytes, ${where}`);
    assert(tally.sent! >= from.last, `sent tells of all before, ${where}`);
    assert(tally.spent! <= to.serial, where);
    if (from.terms.responses === 0) assertEquals(tally.spent, 0, where);
    from.tally = tally;
  }

  /** Gives their names, once each may stand there. */
  #checkHeaders(frame: RecordedFrame, on: string, where: string): readonly string[] {
    const fields = fieldsOf(frame);
    const rows = byFirst(this.#page.headers);
    for (const [name, value] of fields) {
      const row = [...rows].find(([header]) => header.toLowerCase() === name)?.[1];
      const isOwn = name.startsWith("x-") && ["opening", "acceptance", "h"].includes(on);
      if (isOwn) continue;
      assert(row, `${name} is on the page, ${where}`);
      const places = row.on!.replaceAll("`", "").split(", ");
      assert(places.includes(on) || row.on === "all of these", `${name} may be there, ${where}`);
      this.seen.add(`header ${row.header}`);
      if (name === "signalbox-end") this.#checkReason(value, fields, where);
    }
    return [...fields.keys()];
  }

  #checkReason(reason: string, fields: ReadonlyMap<string, string>, where: string): void {
    assert(this.#page.reasons.some((row) => row.reason === reason), where);
    assertEquals(fields.has("nats-service-error-code"), reason === "error", where);
    // a plain answer that is all says so, and no end of a link
    if (reason !== "complete") this.seen.add(`reason ${reason}`);
  }

  #nameOf(frame: RecordedFrame): Name | undefined {
    const name: Name | undefined = nameOf(frame);
    if (name?.code !== undefined) {
      this.seen.add(`code ${name.code}`);
      return this.#codes.has(name.code) ? name : undefined;
    }
    if (name?.letter === undefined || !this.#letters.has(name.letter)) return undefined;
    this.seen.add(`letter ${name.letter}`);
    return name;
  }

  /** What a side tells of itself, if it does. */
  #terms(frame: RecordedFrame): Terms | undefined {
    const value = fieldsOf(frame).get("signalbox-link");
    if (value === undefined) return undefined;
    const [, pairs = ""] = /^1 (?:stream|session)((?: \w+=\d{1,15})*)$/.exec(value) ?? [];
    const told = pairs.trim().split(" ").map((pair) => pair.split("=") as [string, string]);
    const names = new Set(told.map(([name]) => name));
    assertEquals(names.size, told.length, value);
    for (const { field, meaning = "" } of this.#page.fields) {
      const isThere = names.delete(field!);
      if (isThere) this.seen.add(`field ${field}`);
      else assert(meaning.includes("may be left out"), `${field} must be there: ${value}`);
    }
    assertEquals([...names], [], `no other may be there: ${value}`);
    const terms = told.map(([name, number]) => [name, Number(number)] as const);
    const own: Terms = { several: 0, renew: 0, secret: 0, ...Object.fromEntries(terms) };
    if (own.responses === 0) assertEquals(own.renew, 0, `a free side's addresses last: ${value}`);
    return own;
  }
}

function byFirst(table: Table): ReadonlyMap<string, Readonly<Record<string, string>>> {
  return new Map(table.map((row) => [Object.values(row)[0]!, row]));
}

function sideOf(first: RecordedFrame, terms: Terms, isServer: boolean): Side {
  const { replyTo } = first;
  return {
    inbox: inboxOf(replyTo!),
    isServer,
    terms,
    first,
    entries: new Set([replyTo!]),
    given: new Map([[replyTo!, Infinity]]),
    serial: 1,
    last: 0,
    highest: 0,
    bytes: [0],
    tally: undefined,
    met: undefined,
    end: undefined,
  };
}

/** A message goes to an address; of a limited side only so many do. */
function spend(
  given: Map<string, number>,
  address: string,
  responses: number,
  where: string,
): void {
  const left = given.get(address);
  assert(left !== undefined, `the address was given, ${where}`);
  if (responses === 0) return;
  assert(left > 0, `the address may still be used, ${where}`);
  given.set(address, left - 1);
}

/** What may be sent to a side, as it last told. */
function told({ tally, terms }: Side, what: "frames" | "bytes"): number {
  return Math.max(terms[what]!, tally?.[what] ?? 0);
}

function fieldsOf({ headers = [] }: RecordedFrame): ReadonlyMap<string, string> {
  return new Map(headers.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
}

function inboxOf(address: string): string {
  return address.slice(0, address.lastIndexOf("."));
}
