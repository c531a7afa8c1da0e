const ROOT = new URL("../../", import.meta.url);

/** The README and the guides of all rooms, as paths from the root. */
export function pages(): string[] {
  return ["README.md", ...["src", "tests"].flatMap((folder) => [...guidesIn(`${folder}/`)]).sort()];
}

function* guidesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* guidesIn(`${folder}${name}/`);
    else if (name.endsWith(".md")) yield folder + name;
  }
}

/** A page's text. */
export function readPage(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}
