import type { Curve } from "./growth/curve.ts";
import type { Progress } from "./interleave.ts";
import type { Pace } from "./pace.ts";
import type { Row } from "./table.ts";

/** What was found out. */
export interface Finding {
  readonly row: Row;
  /** All of it, for a file. */
  readonly details: object;
  readonly curve?: Curve;
}

/** Something that is measured by itself, and gets a line of the table. */
export interface Measurement {
  readonly name: string;
  measure(pace: Pace, progress: Progress): Promise<Finding>;
}
