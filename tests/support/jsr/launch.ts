/**
 * Runs `deno <args>` wherever JSR can or cannot be reached.
 *
 * `deno.json` names its dependencies as `jsr:` packages. Where those do not resolve, the packages
 * under `offline/` are served on loopback and `JSR_URL` points the child, and whatever it starts,
 * at them. `SIGNALBOX_JSR=online|offline` decides without asking; a `JSR_URL` that is already set
 * is used as it is. `SIGNALBOX_NATS_CORE=latest|3.5.0` has the stand-in made of another client of npm.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts check mod.ts
 * ```
 *
 * @module
 */

import { runDeno } from "./child.ts";
import { startRegistry } from "./registry.ts";
import { chooseSource } from "./source.ts";

async function launch(args: string[]): Promise<number> {
  const source = await chooseSource();
  if (source.kind === "interrupted") return source.code;
  if (source.kind === "as configured") return (await runDeno(args)).code;

  // a program may have an argument of that name
  if (args[0] === "publish" && !args.includes("--dry-run")) {
    throw new Error(
      `Cannot publish as JSR itself must be reachable, or --dry-run given: "deno ${
        args.join(" ")
      }"`,
    );
  }
  await using registry = await startRegistry();
  console.error("JSR packages come from tests/support/jsr/offline in this run");
  return (await runDeno(args, { env: { JSR_URL: registry.url } })).code;
}

if (import.meta.main) {
  const code = await launch(Deno.args).catch((error: Error) => {
    console.error(error.message);
    return 2;
  });
  Deno.exit(code);
}
