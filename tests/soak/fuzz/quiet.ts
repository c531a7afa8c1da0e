/** The client writes what it could not parse to standard output; here that is expected, and counted. */
export class Quiet implements Disposable {
  readonly #log = console.log;
  unread = 0;

  constructor() {
    console.log = (...line) => {
      if (line[0] === "reader closed") this.unread++;
      else this.#log(...line);
    };
  }

  [Symbol.dispose](): void {
    console.log = this.#log;
  }
}
