import type { LinkEnd, Session } from "@signalbox/nats";
import { delay } from "../../support/delay.ts";
import { type Random, seeded } from "../../unit/seeded_random.ts";
import { type Frame, frameAt, numberOf, type Side } from "./frame.ts";
import type { Pace, Progress } from "./pace.ts";
import type { Plan } from "./plan.ts";
import { Sequence } from "./sequence.ts";

/** What one end of a session saw. */
export interface Report {
  readonly sent: number;
  /** How many different frames of the other end arrived. */
  readonly arrived: number;
  readonly duplicated: number;
  readonly disordered: number;
  /** How many did not arrive although a later one did. */
  readonly missing: number;
  /** How many were another's, or not whole. */
  readonly foreign: number;
  readonly ended: LinkEnd | "hung";
  /** What could not be done, as sentences. */
  readonly failures: readonly string[];
}

/** Where a conversation takes place. */
export interface Place {
  readonly side: Side;
  readonly number: number;
  readonly plan: Plan;
  readonly pace: Pace;
  readonly progress: Progress;
}

/** One end of a session: says all its frames and hears all of the other end's, at the same time. */
export class Conversation {
  readonly #session: Session;
  readonly #place: Place;
  readonly #heard = new Sequence();
  readonly #failures: string[] = [];
  #sent = 0;
  #foreign = 0;
  #ended: LinkEnd | "hung" = "hung";

  /** All is said and heard, or cannot be; never rejects. */
  readonly talked: Promise<unknown>;
  /** And it is known how the session ended. */
  readonly done: Promise<void>;

  constructor(session: Session, place: Place) {
    this.#session = session;
    this.#place = place;
    const random = (way: number) => seeded(place.plan.seed * 1_009 + place.number * 2 + way);
    const halves = [this.#say(random(0)), this.#hear(random(1))];
    this.talked = Promise.all(halves.map((half) => half.catch((error) => this.#fail(error))));
    this.done = this.talked.then(() => session.closed).then((ended) => void (this.#ended = ended));
  }

  get report(): Report {
    const { arrived, duplicated, disordered, missing } = this.#heard;
    return {
      sent: this.#sent,
      arrived,
      duplicated,
      disordered,
      missing,
      foreign: this.#foreign,
      ended: this.#ended,
      failures: this.#failures,
    };
  }

  /** Leaves a session that has not ended. */
  leave(): void {
    if (this.#ended === "hung") this.#session.abort("it hung");
  }

  async #say(random: Random): Promise<void> {
    const { side, number, plan, pace } = this.#place;
    for (let next = 0; next < plan.frames;) {
      // whoever waits for room after every frame never has two that wait
      const until = Math.min(plan.frames, next + (number % 2 === 0 ? 1 : 1 + random(6)));
      await pace.room(until - 1);
      if (random(3) === 0) await delay(random(4));
      const burst: Promise<void>[] = [];
      for (; next < until; next++) burst.push(this.#send(frameAt(side, number, next)));
      await Promise.all(burst);
    }
    await this.#session.end();
  }

  /** Counts what was given, not what there was room for: that may arrive as well. */
  async #send(frame: Frame): Promise<void> {
    this.#sent++;
    try {
      await this.#session.send(frame);
    } catch (error) {
      this.#sent--;
      throw error;
    }
  }

  async #hear(random: Random): Promise<void> {
    const { side, number, progress } = this.#place;
    const other = side === "client" ? "service" : "client";
    for (let message; (message = await this.#session.next());) {
      const found = numberOf(message.body, other, number);
      if (found === undefined) this.#foreign++;
      else this.#heard.take(found);
      progress.add();
      if (random(40) === 0) await delay(random(8));
    }
  }

  /** One half failed: the other must not wait for what does not come any more. */
  #fail(error: unknown): void {
    this.#failures.push(String(error));
    this.#session.abort("it failed");
  }
}
