const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** What a shell gives as the code of a program that a signal ended. */
const CODES: Partial<Record<Deno.Signal, number>> = { SIGINT: 130, SIGBREAK: 130, SIGTERM: 143 };

/** What runs: it can end otherwise, and its beginning may wait for a server that never comes. */
export interface Runnable {
  closed(): Promise<void>;
  giveUp(): void;
}

/**
 * Begins, and ends at the first signal to, or once it has ended otherwise; at the second the program ends at once, with the signal's code. It listens
 * before it begins, as a signal that comes in between would otherwise end the program with messages in hand.
 */
export async function untilTold(
  runnable: Runnable,
  begin: () => Promise<void>,
  end: () => Promise<void>,
): Promise<void> {
  const ended = runnable.closed();
  const { promise, resolve } = Promise.withResolvers<void>();
  let told = false;
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      if (told) Deno.exit(CODES[signal] ?? 1);
      told = true;
      runnable.giveUp();
      resolve();
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  try {
    await begin().catch((error) => {
      if (!told || error?.reason !== "closed") throw error;
    });
    await Promise.race([promise, ended]);
    await end();
  } finally {
    for (const remove of listeners) remove();
  }
}
