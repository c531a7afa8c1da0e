const ROOT = new URL("../../../", import.meta.url);

/** One error of the compiler. */
export interface Complaint {
  /** The part of the line that it underlines. */
  readonly token: string;
  /** What it says, without the hints that belong to it. */
  readonly says: string;
}

/** What the compiler says of each of these lines of one program, which begins with `head`. */
export async function complaints(
  head: readonly string[],
  lines: readonly string[],
): Promise<readonly (readonly Complaint[])[]> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(path, [...head, ...lines].join("\n"));
  const launch = new URL("tests/support/jsr/launch.ts", ROOT).pathname;
  const config = new URL("deno.json", ROOT).pathname;
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", launch, "check", "--quiet", "--config", config, path],
    env: { NO_COLOR: "1" },
  }).output();
  await Deno.remove(path);
  const found = lines.map((): Complaint[] => []);
  for (const { line, column, width, says } of errorsIn(new TextDecoder().decode(stderr))) {
    const at = line - 1 - head.length;
    const token = lines[at]?.slice(column - 1, column - 1 + width);
    if (token === undefined) throw new Error(`The program does not begin well: ${says}`);
    found[at]!.push({ token, says });
  }
  return found;
}

/** An error, the line that it is about, a mark below the token, and the place; hints are indented. */
const ERROR = /^TS\d+ \[ERROR\]: (?! )([^]*?)\n.*\n *(~+|\^)\n {4}at file:\/\/.*?:(\d+):(\d+)$/gm;

function* errorsIn(output: string) {
  for (const [, says, mark, line, column] of output.matchAll(ERROR)) {
    yield { says: says!, width: mark!.length, line: Number(line), column: Number(column) };
  }
}
