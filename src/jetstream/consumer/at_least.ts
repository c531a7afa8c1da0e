import { asMilliseconds, type Duration } from "../../duration.ts";
import { duration, type Rule } from "../../options.ts";

/** The rule for a duration of at least this many milliseconds. */
export const atLeast = (least: number): Rule => (value) => {
  const wrong = duration(value);
  if (wrong) return wrong;
  return asMilliseconds(value as Duration) >= least ? undefined : `${least} ms or more`;
};
