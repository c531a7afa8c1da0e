import { assertEquals } from "@std/assert";
import { type Frame, FrameClient, type Sent } from "../../support/jetstream/frame_client.ts";
import { IN_A_MOMENT, LAST_PIN, type Scene, type Step } from "./scene.ts";

/** A message as it is recorded, without times and ids. */
export interface Heard {
  readonly subject: string;
  readonly reply?: string;
  readonly headers?: readonly string[];
  readonly body?: unknown;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const NEVER = "0001-01-01T00:00:00Z";
/** Errors of JSON and of patterns that cannot be read. */
const PARSED = new Set([10_025, 10_146, 10_154, 10_156]);
/** How far ahead a time lies that replaces a placeholder, in milliseconds. */
const MOMENT = 400;
/** How long a step waits for messages that were recorded, in milliseconds. */
const PATIENCE = 20_000;
/** Fields that differ from server to server, or from run to run. */
const ASIDE = new Set([
  "id",
  "_nats.ver",
  "server",
  "server_id",
  "leader",
  "client",
  "pause_remaining",
  "ack_time",
  "pinned_id",
  "pinned_client_id",
]);
/** What asks for a state, and changes nothing. */
const LOOK = /^\$JS\.API\.(STREAM\.INFO|STREAM\.MSG\.GET|CONSUMER\.INFO)\./;
/** The name that a server makes up for a consumer. */
const UNNAMED = /^[0-9A-Za-z]{8}$/;

/**
 * Plays a scene on a server and returns what the client heard after each step. Deletes the streams of the scene at the end.
 *
 * @param recorded what an earlier run heard; each step waits for as many messages
 */
export async function play(
  port: number,
  { steps }: Scene,
  recorded: readonly (readonly Heard[])[] = [],
): Promise<Heard[][]> {
  await using client = await FrameClient.connect(port);
  const sids = new Map<string, string>();
  const heard: Heard[][] = [];
  let pin = "";
  for (const [i, step] of steps.entries()) {
    const once = () => perform(client, filled(step, pin), sids, recorded[i]?.length);
    const isLook = "ask" in step && LOOK.test(step.ask) && "wait" in (steps[i - 1] ?? {});
    const frames = isLook && recorded[i] ? await seen(once, recorded[i]) : await once();
    for (const { headers } of frames) pin = /^Nats-Pin-Id: (.*)\r$/m.exec(headers)?.[1] ?? pin;
    heard.push(frames.map(written));
  }
  const { streams } = await client.json("$JS.API.STREAM.NAMES");
  for (const name of streams ?? []) await client.json(`$JS.API.STREAM.DELETE.${name}`);
  return heard;
}

/** Looks again after a wait, as a busy machine may need longer than it for what was recorded. */
async function seen(look: () => Promise<Frame[]>, recorded: readonly Heard[]): Promise<Frame[]> {
  for (const end = Date.now() + PATIENCE;;) {
    const frames = await look();
    if (Date.now() > end || isSame(frames.map(written), recorded)) return frames;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isSame(found: readonly Heard[], recorded: readonly Heard[]): boolean {
  try {
    assertEquals(found, recorded);
    return true;
  } catch {
    return false;
  }
}

/** Resolves once the server sends events to operators. nats-server begins with this a little after it listens. */
export async function awake(port: number): Promise<void> {
  await using client = await FrameClient.connect(port);
  const subject = "$JS.EVENT.ADVISORY.API";
  await client.subscribe(subject);
  const heard = async () => {
    await client.json("$JS.API.STREAM.NAMES");
    return await client.take((frame) => frame.subject === subject, 1, 100);
  };
  while ((await heard()).length === 0);
}

/** `expected` is how many messages were recorded for this step, if a recording exists. */
async function perform(
  client: FrameClient,
  step: Step,
  sids: Map<string, string>,
  expected?: number,
): Promise<Frame[]> {
  if ("ask" in step) {
    const reply = client.inbox();
    await client.publish(step.ask, { ...dated(step.sent), reply });
    return await hear(client, (frame) => frame.subject === reply, step.answers, step, expected);
  }
  if ("take" in step) {
    const sid = sids.get(step.take);
    return await hear(client, (frame) => frame.sid === sid, step.count, step, expected);
  }
  if ("publish" in step) {
    await client.publish(step.publish, dated(step.sent));
    await client.flush();
  } else if ("subscribe" in step) {
    sids.set(step.subscribe, await client.subscribe(step.subscribe, step.queue));
  } else if ("unsubscribe" in step) {
    await client.unsubscribe(sids.get(step.unsubscribe)!);
  } else if ("until" in step) {
    await arrive(client, step);
  } else {
    await new Promise((resolve) => setTimeout(resolve, step.wait));
  }
  return [];
}

/** Replaces the placeholders in the body of a step. */
function filled(step: Step, pin: string): Step {
  if (!("sent" in step)) return step;
  const time = new Date(Date.now() + MOMENT).toISOString();
  const body = step.sent.body?.replace(LAST_PIN, pin).replace(IN_A_MOMENT, time);
  return { ...step, sent: { ...step.sent, body } };
}

/** Replaces the placeholders in the headers of a message. */
function dated({ headers, ...sent }: Sent): Sent {
  if (!headers) return sent;
  const time = new Date(Date.now() + MOMENT).toISOString();
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    value.replace(IN_A_MOMENT, time),
  ]);
  return { ...sent, headers: Object.fromEntries(entries) };
}

/** Waits until the state of a stream is the wanted one. */
async function arrive(client: FrameClient, step: Extract<Step, { until: string }>) {
  const { until, state: wanted } = step;
  for (const end = Date.now() + PATIENCE; Date.now() < end;) {
    const { state } = await client.json(`$JS.API.STREAM.INFO.${until}`);
    if (Object.entries(wanted).every(([name, value]) => state?.[name] === value)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Stream ${until} never had ${JSON.stringify(wanted)}`);
}

/** Waits long for messages that were recorded, as the machine may be busy, and only as long as the step says for more. */
async function hear(
  client: FrameClient,
  wanted: (frame: Frame) => boolean,
  count: number,
  { within }: { readonly within: number },
  expected?: number,
): Promise<Frame[]> {
  if (expected === undefined) return await client.take(wanted, count, within);
  const heard = await client.take(wanted, expected, PATIENCE);
  const more = expected < count ? await client.take(wanted, count - expected, within) : [];
  return [...heard, ...more];
}

function written({ subject, reply, headers, body }: Frame): Heard {
  const lines = headerLines(headers);
  return {
    subject: subject.startsWith("_INBOX.frames.") ? "<inbox>" : subject,
    ...reply !== "" && { reply: ackAside(reply) },
    ...lines.length > 0 && { headers: lines },
    ...body !== "" && { body: bodyAside(body) },
  };
}

function headerLines(block: string): string[] {
  return block.split("\r\n").filter((line) => line !== "").map(headerAside);
}

function headerAside(line: string): string {
  const [name, ...value] = line.split(": ");
  if (name === "Nats-Pin-Id") return `${name}: <id>`;
  if (name === "Nats-Consumer-Stalled") return `${name}: ${ackAside(value[0]!)}`;
  // each reader of JSON has its own words for a syntax error
  if (/^NATS\/1.0 400 Bad Request - (json|invalid character|unexpected|expected)/i.test(line)) {
    return "NATS/1.0 400 …";
  }
  if (name === "Nats-Stream-Source") return line.replace(/ [0-9A-Za-z]{8}$/, " <id>");
  if (name === "Nats-Schedule") return line.replace(/@at .*\.\d{3}Z$/, "@at <time>");
  return TIME.test(value.join(": ")) ? `${name}: <time>` : line;
}

/** The subject that acknowledges a delivery, without the time. */
function ackAside(reply: string): string {
  if (reply.startsWith("_INBOX.frames.")) return "<inbox>";
  if (reply.startsWith("$JS.FC.")) return reply.replace(/[^.]+$/, "<id>");
  if (!reply.startsWith("$JS.ACK.")) return reply;
  const tokens = reply.split(".");
  tokens[tokens.length - 2] = "<time>";
  return tokens.join(".");
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

function bodyAside(body: string): unknown {
  try {
    const value = JSON.parse(body);
    return typeof value === "object" ? aside("", value) : body;
  } catch {
    return body;
  }
}

function aside(name: string, value: unknown): unknown {
  if (ASIDE.has(name)) return `<${name}>`;
  if (name === "active") return value === -1 ? value : "<active>";
  if (name === "name" && UNNAMED.test(String(value))) return "<name>";
  // headers are compared line by line, and not as packed bytes
  if (name === "response" && typeof value === "string") return aside("", JSON.parse(value));
  if (name === "hdrs") return headerLines(atob(String(value)));
  if (typeof value === "string") return TIME.test(value) && value !== NEVER ? "<time>" : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => aside("", item));
    // nats-server lists sources in no order
    return name === "sources" ? items.sort(byText) : items;
  }
  // the count of earlier requests differs
  if (name === "api") return "<usage>";
  const { err_code, description } = value as { err_code?: number; description?: string };
  const entries = Object.entries(value).map(([key, inner]) => [key, aside(key, inner)]);
  const plain = Object.fromEntries(entries);
  // each reader of JSON and of patterns has its own words for a syntax error
  if (PARSED.has(err_code!)) {
    plain.description = description!.replace(/:.*/, ": …");
  }
  return plain;
}
