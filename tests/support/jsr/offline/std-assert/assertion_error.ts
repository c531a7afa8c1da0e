export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws `sentence`, followed by what the caller has to say about it. */
export function raise(sentence: string, msg?: string): never {
  throw new AssertionError(`${sentence}${msg ? `: ${msg}` : "."}`);
}
