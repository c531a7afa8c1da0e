import type { Ends } from "./ends.ts";
import { growths } from "./growth/growths.ts";
import type { OrderSchema } from "./handlers/order_schema.ts";
import { imports } from "./imports/imports.ts";
import type { Measurement } from "./measurement.ts";
import { memory } from "./memory/memory.ts";
import { speedOf } from "./result.ts";
import { lateness } from "./schedules/lateness.ts";
import { works } from "./works.ts";

/** All measurements. Another group needs a folder, and a line here. */
export function measurements(ends: Ends, schema: OrderSchema): readonly Measurement[] {
  return [
    ...works(ends, schema).map(speedOf),
    lateness(ends),
    ...memory(ends),
    ...imports(),
    ...growths(ends),
  ];
}
