/** An error as the caller was told it. */
export interface EndpointError {
  /** A number from 400 to 599, read as HTTP's are. */
  readonly code: number;
  /** What went wrong. */
  readonly description: string;
}

/** What the last error says may come from whoever asked, so it must not be kept at any length. */
const LONGEST_ERROR = 1_024;
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

  /** Code and text of the last that failed, as Go's services write them: `"404:No such order"`. */
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

  #fail({ code, description }: EndpointError): void {
    this.#errors++;
    this.#lastError = `${code}:${description}`.slice(0, LONGEST_ERROR).toWellFormed();
  }
}
