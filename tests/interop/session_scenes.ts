import {
  type BrokerOptions,
  NatsBroker,
  RemoteError,
  ReplyError,
  type Session,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { drained, take } from "../support/link_ends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";
import { within } from "../support/within.ts";
import { overheard, type Recording } from "./session_frames.ts";
import { Wire } from "./wire.ts";

/** What the server takes as one message, in bytes. */
export const MAX_PAYLOAD = 512;
/**
 * The service may answer each message once, and publish nothing else, and there is one who asks like that; whoever gives
 * no name may do everything.
 */
const CONFIG = `
max_payload: ${MAX_PAYLOAD}
no_auth_user: "open"
authorization: { users: [
  { user: "open", password: "open" },
  { user: "limited", password: "limited", permissions: {
    subscribe: ["talk.>", "count.>", "_SERVER.>"], allow_responses: true } }
  { user: "asking", password: "asking", permissions: {
    publish: ["talk.>", "count.>", "_SERVER.>"], subscribe: "_OPENER.>" } }
  { user: "frugal", password: "frugal", permissions: {
    publish: ["talk.>", "count.>"], subscribe: "_OPENER.>", allow_responses: true } }
] }`;
const LIMITED = { auth: { user: "limited", password: "limited" }, allowResponses: true } as const;
const FRUGAL = { auth: { user: "frugal", password: "frugal" }, allowResponses: true } as const;
const ASKING = { auth: { user: "asking", password: "asking" } };
/** Larger than the server takes. */
const LARGE = "0123456789".repeat(120);
const BYTES = new Uint8Array([0, 1, 254, 255]);
/** In milliseconds: after a reconnect, and before a server accepts again. */
const EARLY = 200;

interface Scene {
  readonly name: string;
  readonly service?: BrokerOptions;
  readonly opener?: BrokerOptions;
  readonly play: (stage: Stage) => Promise<void>;
}

interface Stage {
  readonly url: string;
  readonly service: NatsBroker;
  readonly opener: NatsBroker;
  readonly proxy: Proxy;
}

/** One after the other, each with all its frames. */
const SCENES: readonly Scene[] = [
  { name: "a whole session", play: wholeSession },
  { name: "both sides end their direction", play: bothEnd },
  { name: "a session of a limited service", service: LIMITED, opener: ASKING, play: wholeSession },
  { name: "a session of a limited opener", opener: FRUGAL, play: wholeSession },
  { name: "small bodies go together", play: together },
  { name: "a stream", play: stream },
  { name: "a stream of a limited service", service: LIMITED, opener: ASKING, play: stream },
  { name: "a stream that fails", play: failingStream },
  { name: "a stream that is left", play: leftStream },
  { name: "an answer in place of a stream", play: plainAnswer },
  { name: "the opener aborts", play: openerAborts },
  { name: "the server aborts with an error", play: serverAborts },
  { name: "a body that is too large", play: tooLarge },
  { name: "a deadline passes", play: deadline },
  { name: "an idle session ends", play: idle },
  { name: "a silent session is probed", play: probed },
  { name: "a limited side must be heard", opener: FRUGAL, play: heardOften },
  { name: "what is lost is sent again", play: resent },
  { name: "an acceptance is lost", play: acceptedAgain },
  { name: "a session that may lose nothing", play: brittle },
  { name: "openings are refused", play: refused },
  { name: "both sides are limited", service: LIMITED, opener: FRUGAL, play: bothLimited },
  { name: "another has accepted before", play: acceptedTwice },
  { name: "the server's broker stops", play: draining },
  { name: "the server's broker stops in vain", play: shutDown },
  { name: "a caller that does not speak of links", play: oldPeer },
];

/** Plays all scenes on a server of its own, and gives what passed there. */
export async function recordSessions(): Promise<Recording> {
  await using server = await NatsServer.start({ config: CONFIG });
  const scenes = [];
  for (const { name, ...scene } of SCENES) {
    const frames = await overheard(server.url, () => perform(server, scene));
    scenes.push({ name, frames });
  }
  return { server: `nats-server ${server.version}`, scenes };
}

async function perform(server: NatsServer, scene: Omit<Scene, "name">): Promise<void> {
  const common = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
  await using proxy = await Proxy.start(server.port);
  await using service = new NatsBroker(server.url, {
    ...common,
    inboxPrefix: "_SERVER",
    ...scene.service,
  });
  await using opener = new NatsBroker(proxy.url, {
    ...common,
    inboxPrefix: "_OPENER",
    ...scene.opener,
  });
  serve(service);
  await service.start();
  await opener.connect();
  await within("the scene must be over", scene.play({ url: server.url, service, opener, proxy }));
  await opener.stop({ timeout: 3_000 });
}

function serve(service: NatsBroker): void {
  const headers = { "X-Room": "7" };
  service.session("talk.echo", { headers, window: { messages: 4 } }, async (session) => {
    for await (const { body, headers } of session) {
      const city = headers.get("x-city");
      await session.send(body, city === undefined ? undefined : { headers: { "x-city": city } });
    }
  });
  service.session("talk.both", async (session) => {
    for await (const { body } of session) await session.send(body);
    await session.send("after the end");
    await session.end();
  });
  service.session("talk.silent", { maxSessions: 1 }, (session) => session.closed);
  service.session("talk.small", { maxMessage: 600 }, (session) => session.closed);
  service.session("talk.failing", async (session) => {
    await session.next();
    session.abort(new ReplyError(409, "The room is closed", { since: 1 }));
  });
  service.session("talk.early", async (session) => {
    await session.send("lost, and sent again");
    // the opener is back by then, and has not been accepted
    await delay(EARLY);
    await session.send("passed over, and sent again");
    await session.closed;
  });
  service.session("talk.polite", async (session) => {
    await new Promise((resolve) => session.draining.addEventListener("abort", resolve));
    await session.send("bye");
  });
  service.subscriber("count.up", async function* ({ body }) {
    for (let n = 1; n <= Number(body); n++) yield n;
    yield { last: true };
  });
  service.subscriber("count.failing", async function* () {
    yield 1;
    await Promise.resolve();
    throw new ReplyError(418, "Only tea here", { left: 0 });
  });
  service.subscriber("count.always", async function* ({ signal }) {
    for (let n = 1; !signal.aborted; n++) {
      yield n;
      await delay(20);
    }
  });
  service.subscriber("count.once", () => 1);
}

function opened({ opener }: Stage, subject: string, options = {}): Promise<Session> {
  return opener.openSession(subject, "hello", { correlationId: "one-session", ...options });
}

function asked({ opener }: Stage, subject: string, body?: unknown) {
  return opener.requestStream(subject, body, { correlationId: "one-stream" });
}

async function wholeSession(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.echo", { window: { messages: 4 }, deadline: 60_000 });
  const bodies = ["text", { some: "value" }, BYTES, undefined, LARGE];
  for (const body of bodies) {
    await session.send(body);
    assertEquals(await take(session, 1), [body]);
  }
  await session.send("with a header", { headers: { "x-city": "Zürich" } });
  assertEquals((await session.next())?.headers.get("x-city"), "Zürich");
  await session.end();
  assertEquals((await drained(session)).error, undefined);
  assertEquals(await session.closed, "complete");
}

/** More than the server takes as one message. */
async function together(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.silent");
  await Promise.all(Array.from({ length: 40 }, (_, at) => session.send(`a small body, ${at}`)));
  await session.close();
}

async function bothEnd(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.both");
  await session.send(1);
  await session.end();
  assertEquals((await drained(session)).bodies, [1, "after the end"]);
  assertEquals(await session.closed, "complete");
}

async function stream(stage: Stage): Promise<void> {
  const { bodies } = await drained(asked(stage, "count.up", 3));
  assertEquals(bodies, [1, 2, 3, { last: true }]);
}

async function failingStream(stage: Stage): Promise<void> {
  const stream = asked(stage, "count.failing");
  assertEquals((await drained(stream)).bodies, [1]);
  assertEquals(await stream.closed, "error");
}

async function leftStream(stage: Stage): Promise<void> {
  const stream = asked(stage, "count.always");
  for await (const _ of stream) break;
  assertEquals(await stream.closed, "cancelled");
}

async function plainAnswer(stage: Stage): Promise<void> {
  assertEquals((await drained(asked(stage, "count.once"))).bodies, [1]);
}

async function openerAborts(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.silent");
  session.abort("enough");
  assertEquals(await session.closed, "cancelled");
}

async function serverAborts(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.failing");
  await session.send("?");
  assertEquals(await session.closed, "error");
}

/** The opener believes what it is told, so a raw one says more than that. */
async function tooLarge({ url }: Stage): Promise<void> {
  using wire = await Wire.connect(url);
  const [own, peer] = await openRaw(wire, "talk.small");
  for (const number of [1, 2]) {
    await say(wire, `${peer}.o1`, `${own}.${number}m`, LARGE.slice(0, 400));
  }
  while ((await wire.any()).replyTo.at(peer.length + 1) !== "x");
}

async function deadline(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.silent", { deadline: 2_100 });
  assertEquals(await session.closed, "deadline");
}

async function idle(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.silent", { idleTimeout: 50 });
  assertEquals(await session.closed, "idle");
}

async function probed(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.echo", { keepAlive: 100 });
  await delay(600);
  await session.close();
}

/** Its patience lasts for three silences, so that the other side cannot wait longer and longer. */
async function heardOften(stage: Stage): Promise<void> {
  using wire = await Wire.connect(stage.url);
  await wire.subscribe("_OPENER.>");
  const session = await opened(stage, "talk.both", { resumeTimeout: 1_500 });
  const begun = performance.now();
  for (let probes = 0; probes < 4;) {
    if (/\.p\d+$/.test((await wire.any()).replyTo)) probes++;
  }
  // silences that double would take seven seconds
  assert(performance.now() - begun < 6_000, "probes must come as often as the limited side says");
  await session.close();
}

/** With what was sent behind it; the service says it again. */
async function acceptedAgain(stage: Stage): Promise<void> {
  stage.proxy.cutAfter(1, "toClient");
  const session = await opened(stage, "talk.early");
  const bodies = ["lost, and sent again", "passed over, and sent again"];
  assertEquals(await take(session, 2), bodies);
  await session.close();
}

async function resent(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.echo");
  await session.send(1);
  assertEquals(await take(session, 1), [1]);
  await loseTwo(stage, session);
  assertEquals(await take(session, 2), [2, 3]);
  await session.close();
}

/** A frame is lost, and the next credit tells of it. */
async function brittle({ url, service }: Stage): Promise<void> {
  const serving = { resumeTimeout: 0 };
  await service.session("talk.brittle", serving, (session) => session.closed).start();
  using wire = await Wire.connect(url);
  const [own, peer] = await openRaw(wire, "talk.brittle");
  await say(wire, `${peer}.o1`, `${own}.c2`, "0 8 4096 1 0");
  while ((await wire.any()).replyTo.at(peer.length + 1) !== "x");
}

async function loseTwo({ proxy, opener }: Stage, session: Session): Promise<void> {
  proxy.stall();
  await session.send(2);
  await session.send(3);
  await delay(50);
  proxy.cut();
  proxy.resume();
  await opener.ping();
}

async function refused(stage: Stage): Promise<void> {
  const first = await opened(stage, "talk.silent");
  const second = await assertRejects(() => opened(stage, "talk.silent"), RemoteError);
  assertEquals(second.code, 429);
  const astray = await assertRejects(() => opened(stage, "count.up"), RemoteError);
  assertEquals(astray.code, 400);
  await first.close();
}

async function bothLimited(stage: Stage): Promise<void> {
  const refused = await assertRejects(() => opened(stage, "talk.echo"), RemoteError);
  assertEquals(refused.code, 400);
}

async function acceptedTwice(stage: Stage): Promise<void> {
  const { service } = stage;
  for (let member = 0; member < 2; member++) {
    const serving = { queue: `q${member}` };
    await service.session("talk.shared", serving, (session) => session.closed).start();
  }
  const session = await opened(stage, "talk.shared");
  await session.close();
}

async function draining(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.polite");
  const stopped = stage.service.stop({ timeout: 10_000 });
  assertEquals((await drained(session)).bodies, ["bye"]);
  await stopped;
}

async function shutDown(stage: Stage): Promise<void> {
  const session = await opened(stage, "talk.silent");
  await stage.service.stop({ timeout: 50 });
  assertEquals(await session.closed, "shutting-down");
}

async function oldPeer({ url, opener }: Stage): Promise<void> {
  using wire = await Wire.connect(url);
  await wire.subscribe("plain.answer");
  const header = "NATS/1.0\r\ncorrelation_id: one-question\r\n\r\n";
  await say(wire, "count.up", "plain.answer", "2", header);
  while ((await wire.next("plain.answer")).payload.length > 0);
  await opener.ping();
}

/** Opens a session with nothing but bytes; gives the inboxes of both sides. */
async function openRaw(wire: Wire, subject: string): Promise<readonly [own: string, peer: string]> {
  const own = "_RAW.0000000000000000000000";
  await wire.subscribe(`${own}.*`);
  const terms = "1 session frames=8 bytes=4096 body=4096 responses=0";
  const header = `NATS/1.0\r\ncorrelation_id: raw\r\nSignalbox-Link: ${terms}\r\n\r\n`;
  await say(wire, subject, `${own}.o1`, "", header);
  const { replyTo } = await wire.any();
  return [own, replyTo.slice(0, replyTo.lastIndexOf("."))];
}

async function say(
  wire: Wire,
  subject: string,
  replyTo: string,
  text: string,
  header = "",
): Promise<void> {
  const [payload, block] = [text, header].map((text) => new TextEncoder().encode(text));
  await wire.publish({ subject, replyTo, header: block!, payload: payload! });
}
