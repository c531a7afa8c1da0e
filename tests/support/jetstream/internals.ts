/**
 * What tests need from inside of the JetStream doors because no public door shows it: the server's own API and its
 * facts in the server's words, messages that a test forges, and reads of bytes, on which buckets and objects stand.
 * Tests outside of `tests/unit/` import such internals from here only.
 *
 * @module
 */
import type { NatsBroker } from "@signalbox/nats";
import { registryOf } from "../../../src/broker/registry.ts";
import { JetStreamApi } from "../../../src/jetstream/api/js_api.ts";

export { JetStreamApi };
export type {
  ConsumerConfig,
  ConsumerInfo,
  StreamConfig,
  StreamInfo,
} from "../../../src/jetstream/api/api_types.ts";
export { AckKeeper } from "../../../src/jetstream/consumer/ack_keeper.ts";
export {
  deadHeaders,
  type DeadLetter,
  deadStreamConfig,
  deadSubject,
} from "../../../src/jetstream/dead/dead_letter.ts";
export { publishStored } from "../../../src/jetstream/publish/publish_stored.ts";
export { openReads } from "../../../src/jetstream/read/open_reads.ts";
export { OrderedRead, type OrderedReadOptions } from "../../../src/jetstream/read/ordered_read.ts";
export type { StoredMessage } from "../../../src/jetstream/read/stored_message.ts";

/** The server's API by a broker that may have stopped, or has no door of JetStream. */
export function apiOf(broker: NatsBroker): JetStreamApi {
  return JetStreamApi.of(registryOf(broker).context);
}
