const folder = "/etc/apt/sources.list.d/";

/** Where the machine's own package sources get the distribution from. */
export async function packageMirror(): Promise<string> {
  for (const file of ["/etc/apt/sources.list", ...await listed()]) {
    const text = await Deno.readTextFile(file).catch(() => "");
    const uri = (text.match(/^URIs:.*?(\S+\/debian\/?)\s*$/m) ??
      text.match(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+\/debian\/?)\s/m))?.[1];
    if (uri) return uri;
  }
  throw new Error("its package sources name no Debian mirror");
}

async function listed(): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch {
    // A machine without apt: the sentence above says what is missing.
  }
  return names.sort().map((name) => folder + name);
}
