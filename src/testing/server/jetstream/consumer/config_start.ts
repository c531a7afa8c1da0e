import { ApiError } from "../api/errors.ts";
import { type ConsumerConfig, type DeliverPolicy, filtersOf } from "./config.ts";

/** The policies as error messages name them. */
const WORDS: Readonly<Record<DeliverPolicy, string>> = {
  all: "all",
  last: "last",
  new: "new",
  by_start_sequence: "by start sequence",
  by_start_time: "by start time",
  last_per_subject: "last per subject",
};

/** Throws an {@linkcode ApiError} if the deliver policy and the start options contradict each other. */
export function checkStart(config: ConsumerConfig): void {
  const { deliver_policy: policy, opt_start_seq, opt_start_time } = config;
  const [bySequence, byTime] = [policy === "by_start_sequence", policy === "by_start_time"];
  if (bySequence && opt_start_seq === 0) throw missing(policy, "start sequence");
  if (byTime && opt_start_time === undefined) throw missing(policy, "start time");
  if (!bySequence && opt_start_seq > 0) {
    throw tooMuch(policy, byTime ? "start sequence" : "sequence");
  }
  if (!byTime && opt_start_time !== undefined) throw tooMuch(policy, "time");
  if (policy === "last_per_subject" && filtersOf(config).length === 0) {
    throw missing(policy, "filter subject");
  }
}

function tooMuch(policy: DeliverPolicy, start: string): ApiError {
  return invalid(policy, `start ${start} is also set`);
}

function missing(policy: DeliverPolicy, what: string): ApiError {
  return invalid(policy, `${what} is not set`);
}

function invalid(policy: DeliverPolicy, what: string): ApiError {
  const words = WORDS[policy];
  return new ApiError(
    "consumerInvalidPolicy",
    `consumer delivery policy is deliver ${words}, but optional ${what}`,
  );
}
