import type { Message } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { type Frame, Wire } from "../../interop/wire.ts";
import type { Backend } from "../../support/backends.ts";

const encoder = new TextEncoder();
const SOON = { timeout: 3_000 };

/** What came back. */
export interface Told {
  /** What the headers say went wrong; empty for an answer. */
  readonly code: string;
  readonly body: string;
}

/** Asks with headers and a body as they are, and gives what came back. */
export async function ask(
  wire: Wire,
  subject: string,
  lines: string,
  payload: string | Uint8Array,
) {
  const header = encoder.encode(`NATS/1.0\r\n${lines}\r\n\r\n`);
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  const frame: Frame = { subject, replyTo: "told", header, payload: bytes };
  await wire.publish(frame);
  // nothing else ends a read
  const overdue = setTimeout(() => wire[Symbol.dispose](), SOON.timeout);
  const answer = await wire.next("told");
  clearTimeout(overdue);
  const [, code = ""] = /^Nats-Service-Error-Code: (\d+)/m.exec(textOf(answer.header)) ?? [];
  return { code, body: textOf(answer.payload) } satisfies Told;
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(new Uint8Array(bytes));

/** A service that gives back what it read, asked over the bare wire. */
export async function echoing(
  server: Backend,
  behaviour: (ask: (lines: string, payload: string | Uint8Array) => Promise<Told>) => Promise<void>,
  handler: (message: Message) => unknown = ({ body }) => body,
): Promise<void> {
  const broker = server.broker();
  broker.subscriber("echo", handler);
  await broker.start();
  using wire = await Wire.connect(server.url);
  await wire.subscribe("told");
  await behaviour((lines, payload) => ask(wire, "echo", lines, payload));
  // the next message is handled as if nothing had happened
  assertEquals((await broker.request("echo", "well?", SOON)).replyTo, undefined);
}
