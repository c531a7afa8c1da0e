import type { NatsBroker } from "@signalbox/nats";
import { until } from "../nats_server/until.ts";

/** Hands out jobs as a stream would, by a broker of its own: what it has been told of each is noted. */
export class JobQueue {
  readonly told: string[] = [];
  /** How many jobs were out at a time, at most. */
  mostOut = 0;
  readonly #broker: NatsBroker;
  readonly #name: string;
  readonly #waiting: (readonly [subject: string, body: string])[] = [];
  #credits: string[] = [];
  #out = 0;
  #count = 0;

  constructor(broker: NatsBroker, name: string) {
    this.#broker = broker;
    this.#name = name;
    broker.subscriber(`${name}.next`, { noReply: true }, ({ body, replyTo }) => {
      if (body === 0) this.#credits = this.#credits.filter((inbox) => inbox !== replyTo);
      for (let wanted = Number(body); wanted > 0; wanted--) this.#credits.push(replyTo!);
      return this.#hand();
    });
    broker.subscriber(`${name}.ack.{job}`, { noReply: true }, ({ body, params }) => {
      this.#out--;
      this.told.push(`${params.job} ${body}`);
    });
  }

  /** Adds a job. */
  async add(subject: string, body: unknown): Promise<void> {
    this.#waiting.push([subject, JSON.stringify(body)]);
    await this.#hand();
  }

  /** Resolves once it has been told of so many. */
  async settled(count: number): Promise<readonly string[]> {
    await until(`${count} jobs must be settled`, () => this.told.length >= count);
    return this.told;
  }

  async #hand(): Promise<void> {
    while (this.#waiting.length > 0 && this.#credits.length > 0) {
      const [subject, body] = this.#waiting.shift()!;
      this.mostOut = Math.max(this.mostOut, ++this.#out);
      const replyTo = `${this.#name}.ack.${++this.#count}`;
      await this.#broker.publish(this.#credits.shift()!, `${subject}\n${body}`, { replyTo });
    }
  }
}
