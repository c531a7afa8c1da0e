import { runDeno } from "./child.ts";

/** Where the child's JSR packages come from. */
export type Source =
  | { readonly kind: "as configured" }
  | { readonly kind: "stand-ins" }
  | { readonly kind: "interrupted"; readonly code: number };

// A network that drops packets answers nothing at all: without a bound every task would hang.
const probeTimeout = 5_000;

export async function chooseSource(): Promise<Source> {
  const mode = Deno.env.get("SIGNALBOX_JSR");
  if (mode !== undefined && mode !== "online" && mode !== "offline") {
    throw new TypeError(
      `Cannot choose a source of JSR packages as SIGNALBOX_JSR must be "online" or "offline": "${mode}"`,
    );
  }
  if (Deno.env.get("JSR_URL") || mode === "online") return { kind: "as configured" };
  if (mode === "offline") return { kind: "stand-ins" };

  const probe = await runDeno(
    ["cache", "--quiet", "--no-config", "--no-lock", "jsr:@std/assert@^1.0.0"],
    { quiet: true, timeout: probeTimeout },
  );
  if (probe.interruptedBy) return { kind: "interrupted", code: probe.code };
  return { kind: probe.success ? "as configured" : "stand-ins" };
}
