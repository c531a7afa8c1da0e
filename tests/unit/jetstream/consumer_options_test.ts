import type { ConsumerOptions } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import type { ConsumerConfig } from "../../../src/jetstream/api/api_types.ts";

Deno.test("ConsumerOptions has an option for each field of the API that it does not name as left out", async () => {
  const source = await Deno.readTextFile(
    new URL("../../../src/jetstream/consumer/consumer_options.ts", import.meta.url),
  );
  const left = [...source.matchAll(/^ \* \| (`.+`) \|/gm)].flatMap(([, names]) =>
    [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
  );
  const options: Partial<Record<keyof ConsumerConfig, keyof ConsumerOptions>> = {
    description: "description",
    deliver_policy: "from",
    opt_start_seq: "from",
    opt_start_time: "from",
    ack_wait: "ackWait",
    filter_subject: "subject",
    filter_subjects: "subject",
    replay_policy: "replayPolicy",
    sample_freq: "sampleFreq",
    max_waiting: "maxWaiting",
    max_ack_pending: "maxAckPending",
    headers_only: "headersOnly",
    max_batch: "maxBatch",
    max_expires: "maxExpires",
    max_bytes: "maxBytes",
    inactive_threshold: "inactiveThreshold",
    num_replicas: "numReplicas",
    mem_storage: "storage",
    metadata: "metadata",
    pause_until: "pauseUntil",
  };
  const server = await Deno.readTextFile(
    new URL("../../../src/testing/server/jetstream/consumer/config.ts", import.meta.url),
  );
  const fields = [...server.split("const CONFIG = {")[1]!.split("}")[0]!.matchAll(/^ {2}(\w+):/gm)];
  const all = [
    ...server.matchAll(
      /^ {2}(\w+): (?:STRING|INT|UINT64|DURATION|BOOLEAN|enumOf|SHOWN|TEXTS|\{ is)/gm,
    ),
  ]
    .map(([, name]) => name!).filter((name) =>
      !["stream_name", "config", "action", "pedantic"].includes(name)
    );
  assertEquals(fields.length > 0, true);
  assertEquals(all.length > 30, true);
  assertEquals(all.filter((name) => !(name in options) && !left.includes(name)), []);
});
