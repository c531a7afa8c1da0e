import { covers, MessageHeaders } from "../../door/mod.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import type { Held } from "./stored_delivery.ts";

const NO_BYTES = new Uint8Array();

/**
 * The key of a message.
 *
 * @throws {Error} what the function of the program throws
 */
export function keyOf({ raw: { subject, headerBlock } }: Held, settings: ConsumerSettings): string {
  return String(settings.key!({
    subject,
    params: paramsOf(subject, settings),
    // parsed only on demand, because few keys use the headers
    get headers() {
      return MessageHeaders.parse(headerBlock ?? NO_BYTES);
    },
  }));
}

/** The parameters of a subject, read by the consumer's pattern that matches it. */
export function paramsOf(
  subject: string,
  { patterns }: ConsumerSettings,
): Readonly<Record<string, string>> {
  const [first] = patterns;
  const pattern = patterns.length === 1
    ? first!
    : patterns.find((each) => covers(each.subject, subject)) ?? first!;
  return pattern.read(subject);
}
