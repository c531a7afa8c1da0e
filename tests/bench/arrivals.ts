/** So many messages are on their way at most. */
const WINDOW = 1_024;

/** Counts what arrives, and holds a sender in the same process back, without a word over the wire. */
export class Arrivals {
  #taken = 0;
  #wanted = Infinity;
  #resume = () => {};

  readonly take = (): void => {
    if (++this.#taken >= this.#wanted) this.#resume();
  };

  /** Sends as fast as it is taken, and resolves once everything is. */
  async carry(messages: number, send: (number: number) => void): Promise<void> {
    this.#taken = 0;
    for (let sent = 0; sent < messages; sent++) {
      if (sent - this.#taken >= WINDOW) await this.#until(sent - WINDOW / 2);
      send(sent);
    }
    await this.#until(messages);
  }

  async #until(messages: number): Promise<void> {
    if (this.#taken >= messages) return;
    this.#wanted = messages;
    await new Promise<void>((resolve) => this.#resume = resolve);
    this.#wanted = Infinity;
  }
}
