import { ApiError } from "./errors.ts";
import { type Fields, holdsJson, readJson, saysNothing } from "./go_json.ts";

/** A request to the API. */
export interface Call {
  /** The tokens of the subject that its pattern leaves open. */
  readonly names: readonly string[];
  readonly headers: string;
  readonly body: Uint8Array;
}

/** One request that is answered, and how. */
export interface Endpoint {
  /** What comes after `$JS.API.`, such as `STREAM.INFO.*`. */
  readonly subject: string;
  /** What the answer is, as in `io.nats.jetstream.api.v1.stream_info_response`; errors too. */
  readonly type: string;
  /** What an error is answered with beside it. */
  readonly empty?: object;
  /** Is an answer nothing that operators hear of? */
  readonly isPlain?: true;
  /** Makes the answer; throws an {@linkcode ApiError} for what is refused. */
  answer(call: Call): object;
}

/** Reads what a request says, which may be loose and say more than is known; throws an {@linkcode ApiError} where it cannot be read. */
export function read<T>({ body }: Pick<Call, "body">, fields: Fields, isLoose = false): T {
  try {
    return readJson(body, fields, isLoose) as T;
  } catch (error) {
    throw new ApiError("invalidJson", (error as Error).message);
  }
}

/** Reads what a request says where it says anything. */
export function readIfAny<T extends object>(call: Pick<Call, "body">, fields: Fields): Partial<T> {
  return holdsJson(call.body) ? read<T>(call, fields) : {};
}

/** Throws an {@linkcode ApiError} where something is said. */
export function expectNothing({ body }: Pick<Call, "body">): void {
  if (!saysNothing(body)) throw new ApiError("notEmptyRequest");
}

/** Throws an {@linkcode ApiError} where nothing is said. */
export function expectSomething({ body }: Pick<Call, "body">): void {
  if (saysNothing(body)) throw new ApiError("badRequest");
}
