export interface ChildOptions {
  /** Added to the environment the child inherits. */
  readonly env?: Record<string, string>;
  /** Whether the child reads and prints nothing. */
  readonly quiet?: boolean;
  /** Milliseconds after which the child is killed. */
  readonly timeout?: number;
}

export interface ChildResult extends Deno.CommandStatus {
  /** The signal this process was sent while the child ran. */
  readonly interruptedBy?: Deno.Signal;
}

/** Runs `deno <args>` to its end, handing on the signals that would end this process instead. */
export async function runDeno(args: string[], options: ChildOptions = {}): Promise<ChildResult> {
  const stdio = options.quiet ? "null" : "inherit";
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: options.env ?? {},
    stdin: stdio,
    stdout: stdio,
    stderr: stdio,
  }).spawn();

  const overdue = options.timeout && setTimeout(() => send(child, "SIGKILL"), options.timeout);
  using forwarding = forwardSignals(child);
  try {
    const status = await child.status;
    return forwarding.seen ? { ...status, interruptedBy: forwarding.seen } : status;
  } finally {
    if (overdue) clearTimeout(overdue);
  }
}

interface Forwarding extends Disposable {
  readonly seen: Deno.Signal | undefined;
}

function forwardSignals(child: Deno.ChildProcess): Forwarding {
  let seen: Deno.Signal | undefined;
  const onInterrupt = () => {
    seen = "SIGINT";
    // A terminal interrupts the child as well; a second SIGINT would cut its clean stop short.
    if (!Deno.stdin.isTerminal()) send(child, "SIGINT");
  };
  const onTerminate = () => {
    seen = "SIGTERM";
    send(child, "SIGTERM");
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  Deno.addSignalListener("SIGTERM", onTerminate);
  return {
    get seen() {
      return seen;
    },
    [Symbol.dispose]() {
      Deno.removeSignalListener("SIGINT", onInterrupt);
      Deno.removeSignalListener("SIGTERM", onTerminate);
    },
  };
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // The child ended between the signal and this line: its status is on its way.
  }
}
