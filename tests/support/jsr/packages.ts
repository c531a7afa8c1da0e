export interface StandIn {
  readonly name: string;
  /** Has to satisfy what `deno.json` asks for. */
  readonly version: string;
  readonly folder: URL;
  readonly exports: Readonly<Record<string, string>>;
}

/** The packages that `offline/` stands in for. */
export const standIns: readonly StandIn[] = [
  {
    name: "@nats-io/transport-deno",
    version: "3.4.0",
    folder: new URL("./offline/transport-deno/", import.meta.url),
    exports: { ".": "./mod.ts" },
  },
  {
    name: "@std/assert",
    version: "1.0.99",
    folder: new URL("./offline/std-assert/", import.meta.url),
    exports: { ".": "./mod.ts" },
  },
  {
    name: "@std/testing",
    version: "1.0.99",
    folder: new URL("./offline/std-testing/", import.meta.url),
    exports: {
      "./bdd": "./bdd.ts",
      "./mock": "./mock.ts",
      "./time": "./time.ts",
      "./types": "./types.ts",
    },
  },
];
