/** An error as the caller got it. */
export interface EndpointError {
  /** A number from 400 to 599, with the meaning of HTTP's status codes. */
  readonly code: number;
}

/** The error texts in the public statistics. Only the caller gets the real text of an error. */
const TEXTS: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  413: "Too large",
  422: "Unprocessable",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
  504: "Deadline exceeded",
};
const NANOSECONDS = 1_000_000;

/** The statistics of a handler. Recording a message costs two additions. */
export class EndpointStats {
  #requests = 0;
  #errors = 0;
  #milliseconds = 0;
  #lastError: string | undefined;

  /** How many messages the handler has handled, including failures. */
  get requests(): number {
    return this.#requests;
  }

  /** How many messages failed. */
  get errors(): number {
    return this.#errors;
  }

  /** The code of the last error and its meaning, in the form of Go's services: `"404:Not found"`. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** The total time of all messages, in whole nanoseconds. */
  get processingTime(): number {
    return Math.round(this.#milliseconds * NANOSECONDS);
  }

  /** The average time of a message, in whole nanoseconds. */
  get averageProcessingTime(): number {
    return this.#requests === 0 ? 0 : Math.round(this.processingTime / this.#requests);
  }

  /** Counts one message, its time, and its error, if any. */
  record(milliseconds: number, error?: EndpointError): void {
    this.#requests++;
    this.#milliseconds += milliseconds;
    if (error) this.#fail(error);
  }

  /** Resets all counts. */
  reset(): void {
    this.#requests = 0;
    this.#errors = 0;
    this.#milliseconds = 0;
    this.#lastError = undefined;
  }

  #fail({ code }: EndpointError): void {
    this.#errors++;
    this.#lastError = `${code}:${TEXTS[code] ?? (code < 500 ? "Refused" : "Failed")}`;
  }
}
