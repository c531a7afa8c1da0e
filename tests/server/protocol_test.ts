import { assert, assertEquals, assertThrows } from "@std/assert";
import { PagePeer } from "../interop/page_peer.ts";
import { ProtocolChecker } from "../interop/protocol_checker.ts";
import { readPage } from "../interop/protocol_page.ts";
import {
  nameOf,
  type Part,
  partsOf,
  payloadOf,
  readRecording,
  type RecordedFrame,
  type Recording,
} from "../interop/session_frames.ts";
import { MAX_PAYLOAD, recordSessions } from "../interop/session_scenes.ts";
import { onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

const page = await readPage();
// tests/interop/record_session.ts made these
const recording = await readRecording();
/** One goes without a word, and the other is for whoever does not hear any more. */
const UNSEEN = ["reason complete", "reason peer-gone"];

/** Every frame is as the page says, and everything that the page names is there. */
function assertAsDocumented({ scenes }: Recording): void {
  const checker = new ProtocolChecker(page);
  for (const scene of scenes) checker.check(scene);
  const documented = [
    ...page.codes.map(({ code }) => `code ${code}`),
    ...page.letters.map(({ letter }) => `letter ${letter}`),
    ...page.fields.map(({ field }) => `field ${field}`),
    ...page.headers.map(({ header }) => `header ${header}`),
    ...page.reasons.map(({ reason }) => `reason ${reason}`),
  ];
  assertEquals(documented.filter((each) => !checker.seen.has(each)).sort(), UNSEEN);
}

/** All frames of a scene. */
function framesOf({ scenes }: Recording, name: string): readonly RecordedFrame[] {
  return scenes.find((scene) => scene.name === name)!.frames;
}

/** The numbered frames that a message holds; none for a control frame. */
function numberedIn(frame: RecordedFrame): readonly Part[] {
  const { number, code } = { code: undefined, number: 0, ...nameOf(frame) };
  return code === undefined ? [] : partsOf(frame, number, code);
}

/** The letters and codes of all frames of a scene, in their order. */
function namesOf(recording: Recording, name: string): readonly string[] {
  return framesOf(recording, name).flatMap((frame) => {
    const { letter = "" } = { letter: "", ...nameOf(frame) };
    return letter === "" ? numberedIn(frame).map(({ code }) => code) : letter;
  });
}

/** Those of them that end something, each once in a row: a slow side may ask again. */
function endsOf(recording: Recording, name: string): string {
  const ends = namesOf(recording, name).filter((one) => "efqx".includes(one));
  return ends.filter((one, at) => one !== ends[at - 1]).join(" ");
}

function assertInOrder(recording: Recording): void {
  assertEquals(endsOf(recording, "a whole session"), "e f q");
  assertEquals(endsOf(recording, "both sides end their direction"), "e q");
  assertEquals(endsOf(recording, "a session of a limited service"), "e f q");
  assertEquals(endsOf(recording, "a session of a limited opener"), "e f q");
  assertEquals(endsOf(recording, "a stream of a limited service"), "f q");
  assertEquals(endsOf(recording, "a stream that fails"), "f q");
  assertEquals(endsOf(recording, "a stream that is left"), "x");
  assertEquals(endsOf(recording, "the opener aborts"), "x");
  const probed = namesOf(recording, "a silent session is probed");
  assert(probed.indexOf("c", probed.indexOf("p")) > 0, "a probe is answered");
  const resent = namesOf(recording, "what is lost is sent again");
  assertEquals(resent.slice(resent.indexOf("g") + 1).filter((one) => one === "j").length, 4);
}

/** What opens a link is said again while the opener is not heard, which then has all that was sent before. */
function assertAcceptedAgain(recording: Recording): void {
  const name = "an acceptance is lost";
  const frames = framesOf(recording, name);
  const accepted = frames.filter(({ headers }) => headers).slice(1).map(({ replyTo }) => replyTo);
  assertEquals(accepted.slice(0, 2), ["_SERVER.1.o1", "_SERVER.1.o2"]);
  const words = frames.filter(({ replyTo = "" }) => replyTo.startsWith("_OPENER.")).slice(1);
  assert(words.every(({ subject }) => subject === accepted.at(-1)), "it knows no other address");
  assertEquals(nameOf(words[0]!), { letter: "c", number: 2 });
  const names = namesOf(recording, name);
  assertEquals(names.slice(0, 3), ["o", "o", "t"]);
  const sent = frames.slice(frames.indexOf(words[0]!)).flatMap(numberedIn);
  assertEquals(sent.filter(({ code }) => code === "t").map(({ number }) => number), [1, 2]);
  assertEquals(endsOf(recording, name), "f q");
}

/** Packs are as long as the server lets them be. */
function assertPacked(recording: Recording): void {
  const frames = framesOf(recording, "small bodies go together");
  const packs = frames.filter((frame) => numberedIn(frame).length > 1);
  const sizes = packs.map((frame) => payloadOf(frame).length);
  assert(sizes.length > 1 && sizes.every((size) => size <= MAX_PAYLOAD), `${sizes}`);
  // another body would not have gone with it
  assert(sizes[0]! > MAX_PAYLOAD - 25, `${sizes}`);
}

/** Room is given back for headers too: all of it, once all is read. */
function assertHeadersCount(recording: Recording): void {
  const frames = framesOf(recording, "a whole session");
  const taken = frames.filter(({ subject, headers = [] }) =>
    subject === "_OPENER.1.o1" && !headers.some((line) => line.startsWith("Signalbox-Link:"))
  ).flatMap(numberedIn);
  assert(taken.some(({ size, payload }) => size > payload.length), "one has headers");
  const sum = taken.reduce((sum, { size }) => sum + size, 0);
  const farewell = frames.find(({ replyTo = "" }) => replyTo.startsWith("_OPENER.1.q"))!;
  assertEquals(Number(farewell.text!.split(" ")[2]), 1_048_576 + sum);
}

/** A side with a patience of 1.5 s asks to be heard thrice as often, and is. */
function assertHeardOften(recording: Recording): void {
  const name = "a limited side must be heard";
  const [opening] = framesOf(recording, name);
  assert(opening!.headers!.at(-1)!.endsWith("responses=1 several=16384 renew=500 secret=1"), name);
  assert(namesOf(recording, name).filter((one) => one === "p").length >= 4, name);
}

/** A caller that does not speak of links gets each part as one message, and an empty one at the end. */
function assertPlain(recording: Recording): void {
  const frames = framesOf(recording, "a caller that does not speak of links");
  const answers = frames.filter(({ subject }) => subject.startsWith("plain."));
  assertEquals(answers.map(({ text }) => text), ["1", "2", '{"last":true}', undefined]);
  assertEquals(answers.map(({ headers }) => headers?.length), [2, 2, 2, undefined]);
}

function assertRight(recording: Recording): void {
  assertAsDocumented(recording);
  assertInOrder(recording);
  assertAcceptedAgain(recording);
  assertPacked(recording);
  assertHeadersCount(recording);
  assertHeardOften(recording);
  assertPlain(recording);
}

Deno.test("PROTOCOL.md says what is in the recorded frames, and they have all that it names", () => {
  assertRight(recording);
});

Deno.test("PROTOCOL.md says what goes over the wire of a nats-server", async () => {
  const live = await recordSessions();
  assertRight(live);
  const names = ({ scenes }: Recording) => scenes.map(({ name }) => name);
  assertEquals(names(live), names(recording));
});

Deno.test("PROTOCOL.md shows a session that is as it says itself", () => {
  assertEquals(page.picture.length, 12);
  new ProtocolChecker(page).check({ name: "the picture", frames: page.picture });
});

Deno.test("ProtocolChecker finds frames that are not as PROTOCOL.md says", () => {
  const { picture } = page;
  const changes: readonly (readonly [name: string, change: Partial<RecordedFrame>])[] = [
    ["O.1t", { replyTo: "O.2t" }],
    ["O.2j", { replyTo: "O.2z" }],
    ["S.1t", { headers: ["content-type: text/plain"] }],
    ["S.c2", { text: "9 6 1048596 1 0" }],
    ["S.c3", { text: "3 5 1048596 1 0" }],
    ["O.3e", { text: "more" }],
    ["O.q3", { subject: "S.c2" }],
    ["S.q4", { replyTo: "S.q3" }],
    ["O.c2", { text: "0 4 1048576 0" }],
    ["S.c2", { text: "2 7 1048596 1 0" }],
    ["S.c2", { text: "2 6 1048597 1 0" }],
    ["S.1t", { subject: "O.c2" }],
  ];
  for (const [name, change] of changes) {
    const frames = picture.map((frame) => frame.replyTo === name ? { ...frame, ...change } : frame);
    assertThrows(() => new ProtocolChecker(page).check({ name, frames }), Error, "", name);
  }
});

onEveryServer(
  "A second implementation, written from PROTOCOL.md, holds a session",
  async (server) => {
    const broker = server.broker();
    const ended = Promise.withResolvers<string>();
    broker.session("echo.{room}", async (session) => {
      void session.closed.then(ended.resolve);
      for await (const { body } of session) await session.send(`${session.params.room}: ${body}`);
    });
    await broker.start();
    using peer = await PagePeer.open(server.url, "echo.7", "_PAGE.0123456789abcdefABCDEF");
    await within("it must be done", talk(peer));
    assertEquals(await within("it must end", ended.promise), "complete");
    assert(peer.heard.includes("4f"), peer.heard.join(" "));
  },
);

async function talk(peer: PagePeer): Promise<void> {
  for (const text of ["one", "two", "three"]) await peer.send(text);
  const texts = [await peer.next(), await peer.next(), await peer.next()];
  assertEquals(texts, ["7: one", "7: two", "7: three"]);
  await peer.end();
  assertEquals(await peer.next(), undefined);
}
