const encoder = new TextEncoder();

/** What a worker writes down, each line at once, so that it is there even where the worker is killed in the next moment. */
export class Journal implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { append: true, create: true });
  }

  /** The handler of a message begins. */
  began(n: number, seq: number, attempt: number): void {
    this.#write("began", n, seq, attempt);
  }

  /** The handler has done all that it does. */
  done(n: number): void {
    this.#write("done", n);
  }

  /** The server knows what became of it. */
  confirmed(seq: number): void {
    this.#write("confirmed", seq);
  }

  /** The broker told of an error. */
  error(sentence: string): void {
    this.#write("error", JSON.stringify(sentence));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #write(...words: readonly (string | number)[]): void {
    this.#file.writeSync(encoder.encode(`${Date.now()} ${words.join(" ")}\n`));
  }
}

/** One time at which a handler began. */
export interface Run {
  readonly at: number;
  readonly attempt: number;
}

/** What all workers wrote down. */
export interface Account {
  /** The runs of each message, by its number in the stream. */
  readonly runs: ReadonlyMap<number, readonly Run[]>;
  /** Which messages were done, by what they say. */
  readonly done: ReadonlySet<number>;
  /** When each was first confirmed, by its number in the stream. */
  readonly confirmed: ReadonlyMap<number, number>;
  /** How often each error was told of, without the numbers in it. */
  readonly errors: ReadonlyMap<string, number>;
}

/** Reads the journals in a folder. */
export async function readJournals(folder: string): Promise<Account> {
  const runs = new Map<number, Run[]>();
  const done = new Set<number>();
  const confirmed = new Map<number, number>();
  const errors = new Map<string, number>();
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(`${folder}/${name}`);
    for (const line of text.split("\n")) {
      const [time, word, ...rest] = line.split(" ");
      const [at, first] = [Number(time), Number(rest[0])];
      if (word === "began") {
        const [seq, attempt] = [Number(rest[1]), Number(rest[2])];
        const known = runs.get(seq);
        if (known) known.push({ at, attempt });
        else runs.set(seq, [{ at, attempt }]);
      } else if (word === "done") {
        done.add(first);
      } else if (word === "confirmed") {
        confirmed.set(first, Math.min(at, confirmed.get(first) ?? Infinity));
      } else if (word === "error") {
        const sentence = (JSON.parse(rest.join(" ")) as string).replaceAll(/\d+/g, "N");
        errors.set(sentence, (errors.get(sentence) ?? 0) + 1);
      }
    }
  }
  return { runs, done, confirmed, errors };
}
