import type { Publication, Subscription } from "./exchange.ts";
import type { Outbound } from "./outbound.ts";
import type { PublishLine } from "./protocol.ts";

/** "HMSG ", spaces, two numbers of at most nine digits and three line ends. */
const ROOM = 40;

/** Puts a message; its headers only for a client that understands them. */
export function putMessage(
  out: Outbound,
  { sid }: Subscription,
  { line, payload }: Publication,
  headers: boolean,
): void {
  const { subject, reply, headerSize } = line;
  const headed = headerSize > 0 && headers;
  const body = headerSize > 0 && !headers ? payload.subarray(headerSize) : payload;
  out.reserve(ROOM + subject.length + sid.length + reply.length + body.length);
  out.text(headed ? "HMSG " : "MSG ");
  out.text(subject);
  out.text(" ");
  out.text(sid);
  out.text(" ");
  if (reply !== "") {
    out.text(reply);
    out.text(" ");
  }
  if (headed) {
    out.text(String(headerSize));
    out.text(" ");
  }
  out.text(String(body.length));
  out.newLine();
  out.bytes(body);
  out.newLine();
}

/** Puts the status for a message that no subscriber got. */
export function putNoResponders(out: Outbound, { sid }: Subscription, line: PublishLine): void {
  const headers = `NATS/1.0 503\r\nNats-Subject: ${line.subject}\r\n\r\n`;
  out.line(`HMSG ${line.reply} ${sid} ${headers.length} ${headers.length}`);
  out.line(headers);
}
