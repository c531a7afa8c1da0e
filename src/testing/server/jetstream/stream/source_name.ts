import { headerText } from "../header_block.ts";
import type { SourceConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";

/** The separator between the subjects of several transforms. */
const SEPARATOR = "\f";

/** Identifies a source among those of its stream: the origin, its filters, and how subjects change. */
export interface SourceName {
  /** The origin's name. */
  readonly stream: string;
  readonly filter: string;
  readonly destination: string;
}

/** The place of a message in its origin. */
export interface SourcePlace {
  readonly seq: number;
  /** The identity of the origin; empty if it is not known. */
  readonly identity: string;
}

/** The name of a source. */
export function nameOf(
  { name, filter_subject, subject_transforms = [], external }: SourceConfig,
): SourceName {
  // nats-server writes a hash of the prefix; this server never copies from elsewhere, so the prefix itself will do
  const stream = external ? `${name}:${external.api ?? ""}` : name;
  if (subject_transforms.length === 0) {
    return { stream, filter: orAll(filter_subject), destination: orAll("") };
  }
  const joined = (end: "src" | "dest") =>
    subject_transforms.map((transform) => orAll(transform[end])).join(SEPARATOR);
  return { stream, filter: joined("src"), destination: joined("dest") };
}

/** The name as one text, which serves as a key. */
export function keyOf({ stream, filter, destination }: SourceName): string {
  return `${stream} ${filter} ${destination}`;
}

/** Writes the header that names the origin of a copied message. */
export function writeSource(
  { stream, filter, destination }: SourceName,
  { seq, identity }: SourcePlace,
  subject: string,
): string {
  return `${stream} ${seq} ${filter} ${destination} ${subject} ${identity}`;
}

/** Reads the source of a stored message and its place in the origin; `undefined` if it was not copied. */
export function readSource(headers: string): { key: string; place: SourcePlace } | undefined {
  const text = headers === "" ? "" : headerText(headers, HEADER.source);
  const [stream, seq, filter, destination, , identity = ""] = text.split(" ");
  if (destination === undefined || !/^\d{1,15}$/.test(seq!)) return undefined;
  return {
    key: keyOf({ stream: stream!, filter: filter!, destination }),
    place: { seq: Number(seq), identity },
  };
}

function orAll(subject = ""): string {
  return subject === "" ? ">" : subject;
}
