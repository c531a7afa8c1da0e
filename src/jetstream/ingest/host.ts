import type { PubAck } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { Backlog } from "./backlog.ts";
import type { IngestSettings } from "./ingest_options.ts";

/** What a way to store messages works with: it stores what the backlog has, in order. */
export interface IngestHost {
  readonly api: JetStreamApi;
  readonly settings: IngestSettings;
  /** For errors. */
  readonly action: string;
  /** The subject, or the pattern, of the ingest. */
  readonly subject: string;
  readonly backlog: Backlog;
  /** Aborts once the ingest has ended. */
  readonly signal: AbortSignal;
  /** The number of the first message that is not to be sent. */
  readonly available: number;
  /** Whether nothing comes after what is available. */
  readonly isFinal: boolean;
  /** Until when something must be confirmed, by the clock. */
  readonly deadline: number;
  /** The messages before this number are stored. */
  confirmed(end: number, ack?: PubAck): void;
  /** The stream is at work, though nothing is certain yet. */
  progressed(): void;
  /** The stream cannot take messages for now. */
  troubled(error: Error): void;
  /** The stream refuses this message for good: those before are still to be stored, none after. */
  refuse(number: number, error: Error): void;
  /** The ingest fails; the messages from the first one on, up to this number, may be stored. */
  fail(error: Error, uncertainUntil: number): void;
}

/** One way to store messages. */
export interface IngestLane {
  /** Messages before this number were sent, and may be stored. */
  readonly sentUntil: number;
  /** Sends what can be sent now. */
  pump(): void;
  /** The connection is lost. */
  lost(): void;
  /** Sends and hears nothing any more. */
  leave(): void;
}
