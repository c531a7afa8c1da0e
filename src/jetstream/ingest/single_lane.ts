import { asError } from "../../legible.ts";
import { UnknownOutcomeError } from "../api/errors.ts";
import { Publications } from "../publish/publications.ts";
import { recovered } from "../publish/recovery.ts";
import type { IngestHost, IngestLane } from "./host.ts";

/** Publishes each message on its own, up to `window` at once, to a stream that takes no batches. */
export class SingleLane implements IngestLane {
  readonly #host: IngestHost;
  /** Messages before this number were sent in batches, and may be stored. */
  readonly #doubtUntil: number;
  /** The number of the next message to send. */
  #next: number;
  /** The numbers of stored messages that follow one that is not stored yet. */
  readonly #stored = new Set<number>();
  #underWay = 0;
  #failed: { readonly number: number; readonly error: Error } | undefined;
  #isLeft = false;

  constructor(host: IngestHost, doubtUntil: number) {
    this.#host = host;
    this.#doubtUntil = doubtUntil;
    this.#next = host.backlog.first;
  }

  get sentUntil(): number {
    return Math.max(this.#doubtUntil, this.#next);
  }

  pump(): void {
    const { settings: { window } } = this.#host;
    while (!this.#isLeft && !this.#failed && this.#underWay < window) {
      if (this.#next >= this.#host.available || !this.#isKnown(this.#next)) return;
      this.#underWay++;
      void this.#store(this.#next++);
    }
  }

  /** Does nothing, because each publication repeats itself after an outage. */
  lost(): void {}

  leave(): void {
    this.#isLeft = true;
  }

  /** Whether the stream would still know the id of a message that it has. */
  #isKnown(number: number): boolean {
    const { backlog, api, action, subject, settings: { idWindow } } = this.#host;
    const { sentAt, id } = backlog.at(number);
    if (sentAt === undefined || api.access.clock.now() - sentAt < idWindow) return true;
    const rule = `the stream must still know its id, which it keeps for ${idWindow} ms`;
    this.#failed = { number, error: new UnknownOutcomeError(action, subject, rule, { id }) };
    this.#failOnceIdle();
    return false;
  }

  async #store(number: number): Promise<void> {
    const { api, backlog, signal, deadline } = this.#host;
    const { subject, data, headerBlock, id } = backlog.at(number);
    try {
      const ack = await Publications.of(api).publish({
        subject,
        parts: { subject, data, headerBlock },
        id,
        isOwnId: true,
        timeout: Math.max(1, deadline - api.access.clock.now()),
        signal,
        recover: (publication, error) => recovered(api, publication, error),
      });
      this.#underWay--;
      if (this.#isLeft) return;
      this.#stored.add(number);
      let end = backlog.first;
      while (this.#stored.delete(end)) end++;
      this.#host.confirmed(end, ack);
    } catch (thrown) {
      this.#underWay--;
      if (this.#isLeft) return;
      const isFirst = this.#failed === undefined || number < this.#failed.number;
      if (isFirst) this.#failed = { number, error: asError(thrown) };
    }
    if (this.#failed) this.#failOnceIdle();
    else this.pump();
  }

  /** Fails the ingest once no publication is in flight, so that all messages before the failed one are stored. */
  #failOnceIdle(): void {
    if (this.#underWay > 0 || !this.#failed) return;
    const { number, error } = this.#failed;
    const isCertain = number >= this.#doubtUntil && this.#stored.size === 0 &&
      !(error instanceof UnknownOutcomeError);
    this.#host.fail(error, isCertain ? number : this.sentUntil);
  }
}
