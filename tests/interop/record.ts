import { type Body, FROM_FASTSTREAM, FROM_SIGNALBOX } from "./bodies.ts";
import type { Scene } from "./checks/check.ts";
import { type Recorded, RECORDING, type Recording, written } from "./frames.ts";
import { meaningOf, valueOf } from "./meaning.ts";
import { type Frame, Wire } from "./wire.ts";

/** Ids and addresses are given, so that recording again changes nothing that did not change. */
const TOLD = "frames.told";
const ANSWER = "frames.answer";
/** Where FastStream's reply to a message of ours goes: its handler gives none, and sends that. */
const UNREAD = "frames.unread";
const HEADERS = { "X-Shard": "7", "x-city": "Zürich" };
const WITH_HEADERS: Body = { name: "with headers", sent: { text: "text" } };

/** Writes down what both sides put on the wire; gives how many frames it was. */
export async function record(scene: Scene): Promise<number> {
  using wire = await Wire.connect(scene.url);
  await wire.subscribe("frames.>");
  await wire.subscribe("py.hear");
  const fromFastStream: Recorded[] = [];
  for (const body of FROM_FASTSTREAM) fromFastStream.push(await theirMessage(scene, wire, body));
  fromFastStream.push(await theirMessage(scene, wire, WITH_HEADERS, HEADERS));
  for (const body of FROM_FASTSTREAM) fromFastStream.push(await theirReply(scene, wire, body));
  const fromSignalbox: Recorded[] = [];
  for (const body of FROM_SIGNALBOX) fromSignalbox.push(await ourMessage(scene, wire, body));
  fromSignalbox.push(await ourMessage(scene, wire, WITH_HEADERS, HEADERS));
  for (const body of FROM_SIGNALBOX) fromSignalbox.push(await ourReply(scene, wire, body));
  const { versions } = scene.peer;
  const recording: Recording = { versions, fromFastStream, fromSignalbox };
  await Deno.writeTextFile(RECORDING, JSON.stringify(recording, null, 2) + "\n");
  return fromFastStream.length + fromSignalbox.length;
}

async function theirMessage(
  { broker, peer }: Scene,
  wire: Wire,
  { name, sent }: Body,
  headers?: Record<string, string>,
): Promise<Recorded> {
  const envelope = { correlationId: idOf("publish", name), ...(headers && { headers }) };
  await using inbox = await broker.openInbox();
  await peer.publish({ subject: inbox.subject, body: sent, ...envelope });
  const read = meaningOf((await inbox.next({ timeout: 3_000 }))?.body);
  await peer.publish({ subject: TOLD, body: sent, replyTo: ANSWER, ...envelope });
  const frame = await next(wire, TOLD, envelope.correlationId);
  return { name, way: "publish", ...written(frame), sent, read, ...envelope };
}

async function theirReply({ broker }: Scene, wire: Wire, { name, sent }: Body): Promise<Recorded> {
  const correlationId = idOf("reply", name);
  const read = meaningOf((await broker.request("py.answer", sent, { correlationId })).body);
  await broker.publish("py.answer", sent, { correlationId, replyTo: ANSWER });
  const frame = await next(wire, ANSWER, correlationId);
  return { name, way: "reply", ...written(frame), sent, read, correlationId };
}

async function ourMessage(
  { broker, peer }: Scene,
  wire: Wire,
  { name, sent }: Body,
  headers?: Record<string, string>,
): Promise<Recorded> {
  const envelope = { correlationId: idOf("publish", name), ...(headers && { headers }) };
  await broker.publish("py.hear", valueOf(sent), { replyTo: UNREAD, ...envelope });
  const frame = await next(wire, "py.hear", envelope.correlationId);
  const [seen] = await peer.heard(1);
  return { name, way: "publish", ...written(frame), sent, read: seen!.body, ...envelope };
}

async function ourReply({ peer }: Scene, wire: Wire, body: Body): Promise<Recorded> {
  const { name, sent } = body;
  const correlationId = idOf("reply", name);
  const order = {
    subject: `js.reply.${FROM_SIGNALBOX.indexOf(body)}`,
    body: { text: "?" },
    correlationId,
  };
  const { body: read } = await peer.request(order);
  await peer.publish({ ...order, replyTo: ANSWER });
  const frame = await next(wire, ANSWER, correlationId);
  return { name, way: "reply", ...written(frame), sent, read, correlationId };
}

/** A frame of something else must not be taken for the one to record. */
async function next(wire: Wire, subject: string, correlationId: string): Promise<Frame> {
  const frame = await wire.next(subject);
  const lines = new TextDecoder().decode(frame.header).split("\r\n");
  if (lines.includes(`correlation_id: ${correlationId}`)) return frame;
  throw new Error(`Cannot record "${correlationId}" as its frame must come next: ${lines}`);
}

function idOf(way: string, name: string): string {
  return `${way}-${name.toLowerCase().replaceAll(" ", "-")}`;
}
