import { isPowerOfTen } from "../../events.ts";
import { asError } from "../../legible.ts";

/** Reports failures of requests for messages; a repeated one the first time, the tenth, the hundredth, and so on. */
export class PullReports {
  /** For messages: `consumer "billing" of "ORDERS"`. */
  readonly #what: string;
  readonly #report: (error: Error) => void;
  #refusals = 0;
  #strange = 0;

  constructor(what: string, report: (error: Error) => void) {
    this.#what = what;
    this.#report = report;
  }

  /** Reports that the server does not accept a request. */
  refused(words: string): void {
    if (!isPowerOfTen(++this.#refusals)) return;
    this.#tell("messages", `the server must accept the request: ${words}`);
  }

  /** Reports that the consumer is missing and could not be made again. */
  missing(error: unknown): void {
    if (isPowerOfTen(++this.#refusals)) this.#report(asError(error));
  }

  /** Counts refusals anew, because the server serves the consumer again. */
  accepted(): void {
    this.#refusals = 0;
  }

  /** Reports that the server has said nothing for so many milliseconds. */
  silent(milliseconds: number): void {
    const found = `${Math.round(milliseconds)} ms without a word`;
    this.#tell("messages", `the server must say when there are none: ${found}`);
  }

  /** Reports a message that is not from the server: every client that knows the inbox can write to it. */
  strange({ subject }: { readonly subject: string }): void {
    if (!isPowerOfTen(++this.#strange)) return;
    const rule = "it must be a delivery or a status of the server: it is neither";
    this.#tell("a message", rule, { cause: subject });
  }

  #tell(what: string, rule: string, options?: ErrorOptions): void {
    this.#report(new Error(`Cannot take ${what} of the ${this.#what} as ${rule}`, options));
  }
}
