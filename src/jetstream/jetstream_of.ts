import { checkOptions } from "../options.ts";
import type { NatsBroker } from "../door/mod.ts";
import { checkName } from "./api/names.ts";
import { JetStreamDoor } from "./door.ts";
import { JetStream, MADE_BY_DOOR } from "./jetstream.ts";
import { JETSTREAM_RULES, type JetStreamOptions } from "./jetstream_options.ts";

const known = new WeakMap<NatsBroker, Map<string, JetStream>>();

/**
 * Returns the JetStream of a broker: the same object each time for the same broker and domain. It sends nothing by itself.
 *
 * @throws {TypeError} if `broker` is not a broker, and for a wrong option
 */
export function jetstream(broker: NatsBroker, options: JetStreamOptions = {}): JetStream {
  checkOptions("use JetStream", options, JETSTREAM_RULES);
  const { domain, streams = [] } = options;
  if (domain !== undefined) checkName("use JetStream", domain);
  const door = JetStreamDoor.of(broker);
  for (const stream of streams) door.addStream(stream);
  let made = known.get(broker);
  if (!made) known.set(broker, made = new Map());
  let found = made.get(domain ?? "");
  if (!found) made.set(domain ?? "", found = new JetStream(MADE_BY_DOOR, door, domain));
  return found;
}
