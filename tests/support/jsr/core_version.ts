/** The version of the client that the stand-in names. */
const USUAL = "3.4.0";
/** Milliseconds that npm may take to answer. */
const PATIENCE = 60_000;

/**
 * Has the stand-in made of the client that `SIGNALBOX_NATS_CORE` asks for: "latest", or a version. Which one that is, npm is
 * asked for, as the stand-in states its client's version as its own.
 */
export async function asAsked(): Promise<(text: string) => string> {
  const asked = Deno.env.get("SIGNALBOX_NATS_CORE");
  if (!asked) return (text) => text;
  const version = await versionOf(asked);
  console.error(`The NATS client is @nats-io/nats-core ${version} in this run`);
  return (text) => text.replaceAll(USUAL, version);
}

async function versionOf(asked: string): Promise<string> {
  const name = "@nats-io/nats-core";
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-config", "--no-lock", `npm:${name}@${asked}`],
    signal: AbortSignal.timeout(PATIENCE),
  }).output();
  const decoder = new TextDecoder();
  const found = /"@nats-io\/nats-core@(\d[^"_]*)/.exec(decoder.decode(stdout))?.[1];
  if (found) return found;
  throw new Error(`Cannot serve ${name} as npm must have it: "${asked}" ${decoder.decode(stderr)}`);
}
