import { ApiError } from "./errors.ts";
import { type Fields, holdsJson, readJson, saysNothing } from "./go_json.ts";

/** A request to the API. */
export interface Call {
  /** The subject's tokens at the wildcards of the endpoint's pattern. */
  readonly names: readonly string[];
  readonly headers: string;
  readonly body: Uint8Array;
}

/** One API endpoint: its subject, and how it answers. */
export interface Endpoint {
  /** The subject pattern after `$JS.API.`, such as `STREAM.INFO.*`. */
  readonly subject: string;
  /**
   * The `type` field of the response, as in `io.nats.jetstream.api.v1.stream_info_response`; error responses carry it
   * as well.
   */
  readonly type: string;
  /** Fields that an error response carries beside the error. */
  readonly empty?: object;
  /** Set if successful calls publish no audit advisory. */
  readonly isPlain?: true;
  /** Builds the response; throws an {@linkcode ApiError} to reject the request. */
  answer(call: Call): object;
}

/**
 * Parses the request body; `isLoose` allows unknown fields. Throws an {@linkcode ApiError} for a body that cannot be
 * parsed.
 */
export function read<T>({ body }: Pick<Call, "body">, fields: Fields, isLoose = false): T {
  try {
    return readJson(body, fields, isLoose) as T;
  } catch (error) {
    throw new ApiError("invalidJson", (error as Error).message);
  }
}

/** Parses the request body; an empty body gives an empty object. */
export function readIfAny<T extends object>(call: Pick<Call, "body">, fields: Fields): Partial<T> {
  return holdsJson(call.body) ? read<T>(call, fields) : {};
}

/** Throws an {@linkcode ApiError} unless the request body is empty. */
export function expectNothing({ body }: Pick<Call, "body">): void {
  if (!saysNothing(body)) throw new ApiError("notEmptyRequest");
}

/** Throws an {@linkcode ApiError} if the request body is empty. */
export function expectSomething({ body }: Pick<Call, "body">): void {
  if (saysNothing(body)) throw new ApiError("badRequest");
}
