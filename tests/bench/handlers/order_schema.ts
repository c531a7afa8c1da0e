import type { Schema } from "../../../mod.ts";
import { checked, type Order } from "./orders.ts";

/** What a handler checks its orders with, on both sides. */
export interface OrderSchema {
  /** As a row names it. */
  readonly kind: string;
  readonly schema: Schema<Order>;
}

/** Needs no library. */
export const HAND_WRITTEN: OrderSchema = {
  kind: "hand-written schema",
  schema: { "~standard": { version: 1, vendor: "bench", validate: checked } },
};

/** In no import of ours: who only runs the tests is not to need it. */
const ZOD = "npm:zod@4";

/** Zod's, or the one by hand where no registry has it for us. */
export async function zodIfThere(): Promise<OrderSchema> {
  try {
    const { z } = await import(ZOD);
    const item = z.string().min(1).max(64);
    const count = z.number().int().min(0).max(1_000_000);
    return { kind: "zod schema", schema: z.object({ item, count }) };
  } catch (error) {
    console.error(`Cannot measure with zod as npm must have it: ${(error as Error).message}`);
    return HAND_WRITTEN;
  }
}
