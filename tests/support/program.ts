/** What became of a program. */
export interface Outcome {
  readonly success: boolean;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program in a process of its own, with exactly these flags and never a prompt. */
export async function runProgram(
  flags: readonly string[],
  program: URL,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", ...flags, program.href, ...args],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { success, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}
