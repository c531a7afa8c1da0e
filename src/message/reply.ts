import type { HeaderFields } from "./headers.ts";
import { RemoteError } from "../errors.ts";
import type { ReceivedMessage } from "./message.ts";

/** The two headers of ADR-32 that mark an answer as an error. */
export const ERROR_CODE = "Nats-Service-Error-Code";
export const ERROR_TEXT = "Nats-Service-Error";

/** An answer that says what went wrong. */
export interface ErrorReply {
  readonly headers: HeaderFields;
  readonly body: unknown;
}

/** Makes one; without data the body repeats what the headers say, for those who read bodies alone. */
export function errorReply(code: number, description: string, data?: unknown): ErrorReply {
  // a line break would end the header, and any text may be here
  const line = description.replace(/[\r\n\0]+/g, " ").trim() || "Error";
  const headers = { [ERROR_CODE]: String(code), [ERROR_TEXT]: line };
  return { headers, body: data ?? { code, description: line } };
}

/** The error that an answer carries, `undefined` for one that is a value. */
export function remoteErrorOf(subject: string, answer: ReceivedMessage): RemoteError | undefined {
  const code = answer.headers.get(ERROR_CODE);
  const text = answer.headers.get(ERROR_TEXT);
  if (code === undefined && text === undefined) return undefined;
  return new RemoteError(subject, Number.parseInt(code ?? "", 10) || 0, text ?? "", dataOf(answer));
}

/** The body of an error is free: one that does not decode is given as its bytes. */
function dataOf(answer: ReceivedMessage): unknown {
  try {
    return answer.body;
  } catch {
    return answer.data;
  }
}
