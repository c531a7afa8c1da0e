/** Reads `--name value` pairs; a default that is a number makes the value one. */
export function readOptions<Options extends Record<string, string | number>>(
  args: readonly string[],
  defaults: Options,
): Options {
  const usage = Object.keys(defaults).map((name) => `[--${name} VALUE]`).join(" ");
  const options: Record<string, string | number> = { ...defaults };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]!.replace(/^--/, "");
    const [usual, given] = [defaults[name], args[at + 1]];
    if (usual === undefined || given === undefined) {
      throw new TypeError(`Cannot begin as the arguments must be ${usage}: "${args.join(" ")}"`);
    }
    options[name] = typeof usual === "string" ? given : positive(name, given);
  }
  return options as Options;
}

function positive(name: string, given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(
    `Cannot begin as "--${name}" must be a whole number of 1 or more: "${given}"`,
  );
}
