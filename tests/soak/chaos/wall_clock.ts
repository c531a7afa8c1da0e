/** The time of day of this process, which can be made to jump: `using wall = new WallClock()`. */
export class WallClock implements Disposable {
  readonly #now = Date.now;
  #ahead = 0;

  constructor() {
    Date.now = () => this.#now.call(Date) + this.#ahead;
  }

  /** Jumps by so many milliseconds, forwards or backwards. */
  jump(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
  }
}
