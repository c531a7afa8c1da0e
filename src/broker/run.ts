const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** The exit codes that a shell reports for a program ended by a signal. */
const CODES: Partial<Record<Deno.Signal, number>> = { SIGINT: 130, SIGBREAK: 130, SIGTERM: 143 };

/** What runs. It may end without a signal, and its `begin` may wait for a server that never answers. */
export interface Runnable {
  /** Aborts when a stop, or a signal, cancels what `begin` does. */
  readonly cancelled: AbortSignal;
  closed(): Promise<void>;
  cancelStart(): void;
}

/**
 * Runs `begin`, waits for a signal or for the connection to close, then runs `end`; a second signal ends the program at
 * once, with the signal's exit code. It listens for signals before `begin`, as an early signal would otherwise end the
 * program while handlers run.
 */
export async function runUntilSignal(
  runnable: Runnable,
  begin: () => Promise<void>,
  end: () => Promise<void>,
): Promise<void> {
  const { cancelled } = runnable;
  const ended = runnable.closed();
  const { promise, resolve } = Promise.withResolvers<void>();
  let told = false;
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      if (told) Deno.exit(CODES[signal] ?? 1);
      told = true;
      runnable.cancelStart();
      resolve();
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  try {
    const isRunning = await begin().then(() => true, (error) => {
      if (!cancelled.aborted || error?.reason !== "closed") throw error;
      return false;
    });
    if (isRunning) await Promise.race([promise, ended]);
    await end();
  } finally {
    for (const remove of listeners) remove();
  }
}
