import type { Stage } from "./fault.ts";
import type { Heard } from "./heard.ts";
import { NEWS } from "./news.ts";
import { Reader } from "./reader.ts";
import { Sender } from "./sender.ts";
import { type Handled, Service } from "./service.ts";

/** Everyone who takes part in a run. */
export class Sides implements AsyncDisposable {
  readonly sender: Sender;
  readonly services: readonly Service[];
  readonly handled: Handled;
  /** What each reader heard. */
  readonly heard: readonly Heard[];
  readonly #readers: readonly Reader[];
  readonly #opened: AsyncDisposable;

  private constructor(
    { sender, services, handled, heard, readers }:
      & Pick<
        Sides,
        "sender" | "services" | "handled" | "heard"
      >
      & { readonly readers: readonly Reader[] },
    opened: AsyncDisposable,
  ) {
    this.sender = sender;
    this.services = services;
    this.handled = handled;
    this.heard = heard;
    this.#readers = readers;
    this.#opened = opened;
  }

  /** Each message has so many bytes; from then on nothing is missed. */
  static async open(stage: Stage, size: number): Promise<Sides> {
    await using opening = new AsyncDisposableStack();
    const handled: Handled = new Map();
    const services: Service[] = [];
    for (const servers of stage.services) {
      services.push(opening.use(await Service.start(servers, handled)));
    }
    const readers: Reader[] = [];
    for (const server of stage.readers) readers.push(opening.use(await Reader.open(server)));
    const heard = readers.map((reader) => reader.hear(NEWS, size));
    const sender = opening.use(await Sender.open(stage.sender, stage.senderOptions));
    const sides = new Sides({ sender, services, handled, heard, readers }, opening.move());
    await sides.settled();
    return sides;
  }

  /** How often the connection of the sender or of a service was lost. */
  get disconnects(): number {
    const { sender, services } = this;
    return services.reduce((sum, { disconnects }) => sum + disconnects, sender.breaks.length);
  }

  /** Resolves once all that was sent before has been heard. */
  async settled(): Promise<void> {
    await this.sender.recovered();
    await Promise.all(this.#readers.map((reader) => reader.settled()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}
