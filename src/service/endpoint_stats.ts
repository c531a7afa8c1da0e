/** An error as the caller was told it. */
export interface EndpointError {
  /** A number from 400 to 599, read as HTTP's are. */
  readonly code: number;
}

/** What is said of an error to those who look for services. What its own caller was told is for that caller alone. */
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

/** How much a handler has done. Every message is recorded, so that costs two additions. */
export class EndpointStats {
  #requests = 0;
  #errors = 0;
  #milliseconds = 0;
  #lastError: string | undefined;

  /** How many messages were handled, the ones that failed included. */
  get requests(): number {
    return this.#requests;
  }

  /** How many of them failed. */
  get errors(): number {
    return this.#errors;
  }

  /** Code of the last that failed and what it stands for, as Go's services write them: `"404:Not found"`. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** The time all of them took together, in whole nanoseconds. */
  get processingTime(): number {
    return Math.round(this.#milliseconds * NANOSECONDS);
  }

  /** The time one of them took on average, in whole nanoseconds. */
  get averageProcessingTime(): number {
    return this.#requests === 0 ? 0 : Math.round(this.processingTime / this.#requests);
  }

  /** Counts one message and the time it took, and the error it came to, if it did. */
  record(milliseconds: number, error?: EndpointError): void {
    this.#requests++;
    this.#milliseconds += milliseconds;
    if (error) this.#fail(error);
  }

  /** Begins again at nothing. */
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
