import { asError } from "../../legible.ts";
import type { StreamConfig } from "../api/api_types.ts";
import { DifferenceError } from "../api/errors.ts";
import { ownSubjects } from "../stream/own_subjects.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import type { DeclaredConsumer } from "./declare_consumer.ts";

export function missing({ stream, config: { name } }: DeclaredConsumer, cause: Error): Error {
  const rule = `it must exist: there is no consumer "${name}" of "${stream}"`;
  return new Error(`Cannot take messages as ${rule}`, { cause: asError(cause) });
}

export function wasDeleted(
  { stream, config: { name } }: DeclaredConsumer,
  next: number | undefined,
): Error {
  const place = next === undefined ? "its beginning" : `number ${next}`;
  const rule = `it must not be deleted while it is used: it was made again, from ${place} on`;
  return new Error(`Cannot go on with the consumer "${name}" of "${stream}" as ${rule}`);
}

export function noRoom({ name }: ConsumerSettings, stream: StreamConfig): Error {
  const declared = [ownSubjects(stream.name)];
  const difference = { field: "subjects", declared, found: stream.subjects, changeable: true };
  return new DifferenceError(`stream "${stream.name}" for the consumer "${name}"`, [difference]);
}

export function noDeadStream({ name }: ConsumerSettings, dead: string, cause: Error): Error {
  const rule = `the stream of its dead letters must exist: "${dead}" (or say deadLetter: false)`;
  return new Error(`Cannot use the consumer "${name}" as ${rule}`, { cause });
}
