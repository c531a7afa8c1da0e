import { unpackedServer } from "./package.ts";

/** A nats-server that runs on this machine. */
export interface ServerBinary {
  readonly path: string;
  readonly version: string;
}

// The newest line comes first: it is what runs when no line is asked for.
const suites = { "2.15": "sid", "2.10": "trixie", "2.9": "bookworm" };

/**
 * Finds the nats-server to test with: `NATS_SERVER`, else the one on PATH, else one unpacked from
 * the distribution's package. `NATS_SERVER_VERSION` asks for a line such as `2.10`.
 */
export async function findServer(): Promise<ServerBinary> {
  const line = Deno.env.get("NATS_SERVER_VERSION") || undefined;
  const named = Deno.env.get("NATS_SERVER");
  if (named) return check(await inspect(named), line, `NATS_SERVER="${named}"`);

  const installed = await inspect("nats-server");
  if (installed && (!line || isOfLine(installed, line))) return installed;

  const suite = line ? suites[line as keyof typeof suites] : suites["2.15"];
  if (!suite) {
    const known = Object.keys(suites).join(", ");
    throw new Error(
      `Cannot find nats-server as NATS_SERVER_VERSION must be one of ${known}, or NATS_SERVER the path of such a server: "${line}"`,
    );
  }
  return check(await inspect(await unpackedServer(suite)), line, `the package of "${suite}"`);
}

async function inspect(path: string): Promise<ServerBinary | undefined> {
  try {
    const { stdout } = await new Deno.Command(path, { args: ["--version"] }).output();
    const version = new TextDecoder().decode(stdout).match(/v(\d+\.\d+\.\d+\S*)/)?.[1];
    return version ? { path, version } : undefined;
  } catch {
    // Not there, or nothing that runs here: the caller says so, or looks elsewhere.
    return undefined;
  }
}

function check(
  found: ServerBinary | undefined,
  line: string | undefined,
  origin: string,
): ServerBinary {
  if (!found) throw new Error(`Cannot test as a nats-server must run: ${origin}`);
  if (line && !isOfLine(found, line)) {
    throw new Error(
      `Cannot test as ${origin} must be of the line NATS_SERVER_VERSION="${line}": ${found.version}`,
    );
  }
  return found;
}

function isOfLine({ version }: ServerBinary, line: string): boolean {
  return version.startsWith(`${line}.`);
}
