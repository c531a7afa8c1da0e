/** An installation that hangs must not hold up the others for ever. */
const TIMEOUT = 240_000;

/** Runs a program to its end; gives what it said as it failed, `undefined` if it did not. */
export async function attempt(
  cwd: string,
  program: string,
  ...args: readonly string[]
): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(program, {
      args: [...args],
      cwd,
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.timeout(TIMEOUT),
    }).output();
    return success ? undefined : reason(new TextDecoder().decode(stderr));
  } catch {
    return `${program} is not there`;
  }
}

/** npm says the error first and where its log is last; go says the error last. */
function reason(said: string): string {
  const lines = said.trim().split("\n");
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1)!).trim() || "it failed";
}
