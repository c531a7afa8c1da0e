/** What a program needs to run. */
export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program said as it failed; `undefined` if it did not. */
export async function failureOf(
  program: string,
  args: readonly string[],
  { cwd, env }: Surroundings = {},
): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(program, {
      args: [...args],
      ...cwd !== undefined && { cwd },
      ...env !== undefined && { env: { ...env } },
      stdin: "null",
      stdout: "null",
    }).output();
    return success ? undefined : new TextDecoder().decode(stderr) || "it failed";
  } catch {
    return `${program} is not there`;
  }
}
