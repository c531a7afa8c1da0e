import { InvalidSubjectError } from "../errors.ts";
import { shortened } from "../legible.ts";

/**
 * Messages that are dropped, as no answer could be sent where they say. Their sender chooses how many there are: of each
 * connection the first is told, the tenth, the hundredth.
 */
export class OddAddresses {
  readonly #report: (error: Error, subject: string) => void;
  #count = 0;

  constructor(report: (error: Error, subject: string) => void) {
    this.#report = report;
  }

  /** Counts one that came to a subject. */
  drop({ subject, replyTo }: { readonly subject: string; readonly replyTo: string }): void {
    if (!Number.isInteger(Math.log10(++this.#count))) return;
    const rule = "an address of reply must be a subject that can be published to";
    const so = this.#count === 1 ? "" : ` (${this.#count} messages so far)`;
    const action = `take a message to "${shortened(subject)}"${so}`;
    this.#report(new InvalidSubjectError(action, rule, replyTo), subject);
  }
}
