import { overlap } from "../../subject.ts";
import { invalidConfig } from "../api/errors.ts";
import type { StreamConfig } from "./config.ts";
import type { StreamConfigs } from "./config_copies.ts";

/** Throws an {@linkcode ApiError} if a stream would copy itself, directly or through other streams. */
export function checkCycle(config: StreamConfig, others: StreamConfigs): void {
  const ahead = [config];
  const seen = new Set<string>();
  for (let stream = ahead.shift(); stream; stream = ahead.shift()) {
    seen.add(stream.name);
    for (const { name, filter_subject = "", external } of stream.sources) {
      if (external) continue;
      if (seen.has(name)) {
        if (takesAny(stream, filter_subject)) throw invalidConfig("detected cycle");
        continue;
      }
      const other = others(name);
      if (other) ahead.push(other);
    }
    const { mirror } = stream;
    if (!mirror || mirror.external) continue;
    if (seen.has(mirror.name)) throw invalidConfig("detected cycle");
    const other = others(mirror.name);
    if (other) ahead.push(other);
  }
}

/** Whether the filter matches any of the stream's subjects; an empty one matches all. */
function takesAny({ subjects }: StreamConfig, filter: string): boolean {
  return filter === "" || subjects.some((subject) => overlap(subject, filter));
}
