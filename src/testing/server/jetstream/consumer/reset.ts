import { asksTooMuch } from "../api_level.ts";
import { type Call, read } from "../api/call.ts";
import { ApiError } from "../api/errors.ts";
import { UINT64 } from "../api/go_json.ts";
import { readTime } from "../time.ts";
import type { ConsumerState } from "./state.ts";

const TYPE = "io.nats.jetstream.api.v1.consumer_reset_response";

/** Responds to a reset request; `restart` resets the consumer and returns its info. */
export function answerReset(
  state: ConsumerState,
  { headers, body }: Omit<Call, "names">,
  restart: (from: number) => object,
): object {
  try {
    if (asksTooMuch(headers)) throw new ApiError("requiredApiLevel");
    const { seq = 0 } = read<{ readonly seq?: number }>({ body }, { seq: UINT64 }, true);
    const from = startOf(state, seq);
    return { type: TYPE, ...restart(from), reset_seq: from };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { type: TYPE, error, reset_seq: 0 };
  }
}

/**
 * The sequence to restart at: the requested one, or the first open one for 0. Throws an {@linkcode ApiError} if the
 * consumer could never have started there.
 */
function startOf(
  { config, progress, stream: { log } }: ConsumerState,
  seq: number,
): number {
  if (seq === 0) return progress.floor.stream + 1;
  const refuse = (why: string) => new ApiError("consumerInvalidReset", why);
  switch (config.deliver_policy) {
    case "all":
      return seq;
    case "by_start_sequence":
      if (seq < config.opt_start_seq) throw refuse("below start seq");
      return seq;
    case "by_start_time":
      if (seq < log.seqAt(readTime(config.opt_start_time!)!)) throw refuse("below start time");
      return seq;
    default:
      throw refuse("not allowed");
  }
}
