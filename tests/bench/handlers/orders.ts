import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-deno";
import type { SchemaIssue, SchemaResult } from "../../../mod.ts";

export const JSON_TYPE = "application/json";

const MOST = 1_000_000;

/** What is asked, and answered with twice its count. */
export interface Order {
  readonly item: string;
  readonly count: number;
}

/** A message that came back, told the same way whichever side it came from. */
export interface Told {
  readonly body: unknown;
  readonly type?: string | undefined;
  readonly id?: string | undefined;
}

const encoder = new TextEncoder();

/** Looks at each property and makes a new object of them, as the schemas of libraries do. */
export function checked(value: unknown): SchemaResult<Order> {
  if (typeof value !== "object" || value === null) return { issues: [{ message: "no object" }] };
  const { item, count } = value as Record<string, unknown>;
  const issues: SchemaIssue[] = [];
  if (typeof item !== "string" || item.length === 0 || item.length > 64) {
    issues.push({ message: "no text of 1 to 64 characters", path: ["item"] });
  }
  if (typeof count !== "number" || !Number.isInteger(count) || count < 0 || count > MOST) {
    issues.push({ message: `no whole number of 0 to ${MOST}`, path: ["count"] });
  }
  return issues.length > 0
    ? { issues }
    : { value: { item: item as string, count: count as number } };
}

export function orderOf(count: number): Order {
  return { item: "tea", count };
}

export function doubled({ item, count }: Order): Order {
  return { item, count: count * 2 };
}

/** As long as a random one, and known to whoever checks the answer. */
export function idOf(count: number): string {
  return `order-${count}`.padEnd(22, "-");
}

export function encoded(order: Order): Uint8Array {
  return encoder.encode(JSON.stringify(order));
}

/** What a program of the bare client has to make for the headers that ours sends. */
export function headersOf(type: string, id: string): MsgHdrs {
  const made = headers();
  made.set("content-type", type);
  made.set("correlation_id", id);
  return made;
}

export function told({ headers }: Msg, body: unknown): Told {
  return { body, type: headers?.get("content-type"), id: headers?.get("correlation_id") };
}

/** Whether each lane was answered, with headers as ours has them. */
export function areAnswers(answers: readonly Told[]): boolean {
  return areDoubled(answers) &&
    answers.every(({ type, id }, lane) => type === JSON_TYPE && id === idOf(lane));
}

/** Whether each lane was answered. */
export function areDoubled(answers: readonly Told[]): boolean {
  return answers.length > 0 &&
    answers.every(({ body }, lane) =>
      JSON.stringify(body) === JSON.stringify(doubled(orderOf(lane)))
    );
}
