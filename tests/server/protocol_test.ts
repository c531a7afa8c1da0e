import { assert, assertEquals, assertThrows } from "@std/assert";
import { PagePeer } from "../interop/page_peer.ts";
import { ProtocolChecker } from "../interop/protocol_checker.ts";
import { readPage } from "../interop/protocol_page.ts";
import {
  nameOf,
  partsOf,
  readRecording,
  type RecordedFrame,
  type Recording,
} from "../interop/session_frames.ts";
import { recordSessions } from "../interop/session_scenes.ts";
import { onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

const page = await readPage();
// tests/interop/record_session.ts made these
const recording = await readRecording();
/** One goes without a word, and the other is for whoever does not hear any more. */
const UNSEEN = ["reason complete", "reason peer gone"];

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

/** The letters and codes of all frames of a scene, in their order. */
function namesOf({ scenes }: Recording, name: string): readonly string[] {
  const { frames } = scenes.find((scene) => scene.name === name)!;
  return frames.flatMap((frame) => {
    const { letter, code, number } = { letter: "", code: undefined, number: 0, ...nameOf(frame) };
    return code === undefined ? letter : partsOf(frame, number, code).map(({ code }) => code);
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
  assertEquals(endsOf(recording, "a stream of a limited service"), "f q");
  assertEquals(endsOf(recording, "a stream that fails"), "f q");
  assertEquals(endsOf(recording, "a stream that is left"), "x");
  assertEquals(endsOf(recording, "the opener aborts"), "x");
  const probed = namesOf(recording, "a silent session is probed");
  assert(probed.indexOf("c", probed.indexOf("p")) > 0, "a probe is answered");
  const resent = namesOf(recording, "what is lost is sent again");
  assertEquals(resent.slice(resent.indexOf("g") + 1).filter((one) => one === "j").length, 4);
}

/** A caller that does not speak of links gets each part as one message, and an empty one at the end. */
function assertPlain({ scenes }: Recording): void {
  const { frames } = scenes.find(({ name }) => name.startsWith("a caller"))!;
  const answers = frames.filter(({ subject }) => subject.startsWith("plain."));
  assertEquals(answers.map(({ text }) => text), ["1", "2", '{"last":true}', undefined]);
  assertEquals(answers.map(({ headers }) => headers?.length), [2, 2, 2, undefined]);
}

Deno.test("PROTOCOL.md says what is in the recorded frames, and they have all that it names", () => {
  assertAsDocumented(recording);
  assertInOrder(recording);
  assertPlain(recording);
});

Deno.test("PROTOCOL.md says what goes over the wire of a nats-server", async () => {
  const live = await recordSessions();
  assertAsDocumented(live);
  assertInOrder(live);
  assertPlain(live);
  const names = ({ scenes }: Recording) => scenes.map(({ name }) => name);
  assertEquals(names(live), names(recording));
});

Deno.test("PROTOCOL.md shows a session that is as it says itself", () => {
  assertEquals(page.picture.length, 12);
  new ProtocolChecker(page).check({ name: "the picture", frames: page.picture });
});

Deno.test("ProtocolChecker finds frames that are not as PROTOCOL.md says", () => {
  const { picture } = page;
  const changes: Record<string, (frame: RecordedFrame) => Partial<RecordedFrame>> = {
    "O.1t": () => ({ replyTo: "O.2t" }),
    "O.2j": () => ({ replyTo: "O.2z" }),
    "S.1t": () => ({ headers: ["content-type: text/plain"] }),
    "S.c2": () => ({ text: "9 6 1048596 1 0" }),
    "S.c3": () => ({ text: "3 5 1048596 1 0" }),
    "O.3e": () => ({ text: "more" }),
    "O.q3": () => ({ subject: "S.c2" }),
    "S.q4": () => ({ replyTo: "S.q3" }),
    "O.c2": () => ({ text: "0 4 1048576 0" }),
  };
  for (const [name, change] of Object.entries(changes)) {
    const frames = picture.map((frame) =>
      frame.replyTo === name ? { ...frame, ...change(frame) } : frame
    );
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
