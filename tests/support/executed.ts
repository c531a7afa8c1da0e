import { Session } from "node:inspector/promises";

const ROOT = new URL("../../", import.meta.url).href;

/** Which source files run in this thread, as the engine counts calls; the embedded server's are left out. */
export class ExecutedFiles implements Disposable {
  readonly #session = new Session();

  private constructor() {
    this.#session.connect();
  }

  static async watch(): Promise<ExecutedFiles> {
    const watched = new ExecutedFiles();
    await watched.#session.post("Profiler.enable");
    const precise = { callCount: true, detailed: false };
    await watched.#session.post("Profiler.startPreciseCoverage", precise);
    return watched;
  }

  /** The files in which a function was called since the last call of this one, from the root. */
  async sinceLast(): Promise<Set<string>> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    const called = result.filter(({ functions }) =>
      functions.some(({ ranges: [whole] }) => whole!.count > 0)
    );
    const paths = called.filter(({ url }) => url.startsWith(ROOT)).map(({ url }) =>
      url.slice(ROOT.length)
    );
    return new Set(
      paths.filter((path) => path.startsWith("src/") && !path.startsWith("src/testing/")),
    );
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}
