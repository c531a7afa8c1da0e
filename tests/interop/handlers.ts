import { type NatsBroker, ReplyError } from "@signalbox/nats";
import { FROM_SIGNALBOX } from "./bodies.ts";
import { meaningOf, valueOf } from "./meaning.ts";

/** Registers on a broker what FastStream is to find there. */
export function serve(broker: NatsBroker): void {
  broker.subscriber(
    "js.reply.{at}",
    ({ params }) => valueOf(FROM_SIGNALBOX[Number(params.at)]!.sent),
  );
  broker.subscriber("js.describe", (message) => ({
    body: meaningOf(message.body),
    headers: Object.fromEntries(message.headers),
    correlationId: message.correlationId,
    replyTo: message.replyTo ?? "",
    subject: message.subject,
  }));
  broker.subscriber("js.refuse", () => {
    throw new ReplyError(404, "No such order", { id: 42 });
  });
  broker.subscriber("js.fail", () => {
    throw new Error("on purpose");
  });
}
