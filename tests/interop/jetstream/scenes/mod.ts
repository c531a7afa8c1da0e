import type { Scene } from "../scene.ts";
import { acknowledging } from "./acknowledging.ts";
import { badInput } from "./bad_input.ts";
import { batches } from "./batches.ts";
import { fastBatchStreams } from "./fast_batch_streams.ts";
import { fastBatches } from "./fast_batches.ts";
import { copies } from "./copies.ts";
import { consumerBadInput } from "./consumer_bad_input.ts";
import { consumers } from "./consumers.ts";
import { priorities } from "./priorities.ts";
import { publishing } from "./publishing.ts";
import { mirrors } from "./mirrors.ts";
import { pulling } from "./pulling.ts";
import { pushing } from "./pushing.ts";
import { reading } from "./reading.ts";
import { schedules } from "./schedules.ts";
import { sources } from "./sources.ts";
import { streams } from "./streams.ts";

/** All conversations with JetStream that both servers must hold alike, by the names of their recordings. */
export const topics: Readonly<Record<string, readonly Scene[]>> = {
  streams,
  publishing,
  reading,
  batches,
  fast_batches: fastBatches,
  fast_batch_streams: fastBatchStreams,
  schedules,
  bad_input: badInput,
  consumers,
  consumer_bad_input: consumerBadInput,
  pulling,
  acknowledging,
  pushing,
  priorities,
  sources,
  copies,
  mirrors,
};
