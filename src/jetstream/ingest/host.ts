import type { PubAck } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { Backlog } from "./backlog.ts";
import type { IngestSettings } from "./ingest_options.ts";

/** What a lane works with: it stores the messages of the backlog, in order. */
export interface IngestHost {
  readonly api: JetStreamApi;
  readonly settings: IngestSettings;
  /** The action that errors name. */
  readonly action: string;
  /** The subject, or the pattern, of the ingest. */
  readonly subject: string;
  readonly backlog: Backlog;
  /** Aborts once the ingest has ended. */
  readonly signal: AbortSignal;
  /** The number after the last message that may be sent. */
  readonly available: number;
  /** Whether no message follows the available ones. */
  readonly isFinal: boolean;
  /** When the ingest fails unless the stream confirms a message before, by the clock. */
  readonly deadline: number;
  /** Reports that the messages before this number are stored. */
  confirmed(end: number, ack?: PubAck): void;
  /** Reports that the stream makes progress, though it confirms nothing yet. */
  progressed(): void;
  /** Reports that the stream cannot take messages for now. */
  troubled(error: Error): void;
  /** Reports that the stream refuses this message for good: earlier messages are still stored, later ones are not. */
  refuse(number: number, error: Error): void;
  /** Fails the ingest; the messages that are not confirmed and come before this number may be stored. */
  fail(error: Error, uncertainUntil: number): void;
}

/** One way to store messages. */
export interface IngestLane {
  /** Messages before this number were sent, and may be stored. */
  readonly sentUntil: number;
  /** Sends the messages that can be sent now. */
  pump(): void;
  /** Reports that the connection is lost. */
  lost(): void;
  /** Stops sending and listening. */
  leave(): void;
}
