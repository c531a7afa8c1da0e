/** What a program loads before it begins. */
export interface Graph {
  readonly modules: number;
  readonly packages: readonly string[];
}

interface Dependency {
  readonly code?: { readonly specifier?: string };
  /** Whether the program loads it later, by `import()`. */
  readonly isDynamic?: boolean;
}

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

interface Info {
  readonly roots: readonly string[];
  readonly modules: readonly Module[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, string>>;
}

/** Asks Deno; what is imported for its types alone, or later, is not loaded then, and not counted. */
export async function graphOf(program: URL): Promise<Graph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", program.href],
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot count modules as Deno must know them: ${decoder.decode(stderr)}`);
  }
  return graphIn(JSON.parse(decoder.decode(stdout)));
}

/** Follows the imports from the roots, which are not counted. */
export function graphIn({ roots, modules, redirects, packages = {} }: Info): Graph {
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const load = (given: string) => {
    const specifier = redirects[given] ?? given;
    // what is part of Deno is there already
    if (loaded.has(specifier) || specifier.startsWith("node:")) return;
    loaded.add(specifier);
    for (const { code, isDynamic } of known.get(specifier)?.dependencies ?? []) {
      if (code?.specifier && !isDynamic) load(code.specifier);
    }
  };
  roots.forEach(load);
  return {
    modules: loaded.size - roots.length,
    packages: [...new Set(Object.values(packages))].sort(),
  };
}
