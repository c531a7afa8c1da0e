import { asAsked } from "./core_version.ts";
import { type StandIn, standIns } from "./packages.ts";

export interface Registry extends AsyncDisposable {
  readonly url: string;
}

/** Serves the stand-ins the way JSR serves packages, on loopback. */
export async function startRegistry(): Promise<Registry> {
  const change = await asAsked();
  const pages = new Map(
    (await Promise.all(standIns.map((standIn) => pagesOf(standIn, change)))).flat(),
  );
  // Deno caches what a registry answers for ever, so an edited stand-in is only seen at a new
  // address; ports come again after some thousand runs, a path like this one does not.
  const run = `/${crypto.randomUUID()}`;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const page = pathname.startsWith(run) ? pages.get(pathname.slice(run.length)) : undefined;
    return page ? new Response(page.body, { headers: page.headers }) : notFound();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}${run}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

interface Page {
  readonly body: string;
  readonly headers: Record<string, string>;
}

async function pagesOf(
  standIn: StandIn,
  change: (text: string) => string,
): Promise<[string, Page][]> {
  const { name, version, exports, folder } = standIn;
  const modules: [string, Page][] = [];
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for await (const entry of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(entry.name, folder));
    const bytes = new TextEncoder().encode(name.startsWith("@nats-io/") ? change(text) : text);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    manifest[`/${entry.name}`] = { size: bytes.length, checksum: `sha256-${digest.toHex()}` };
    modules.push([`/${name}/${version}/${entry.name}`, typescript(bytes)]);
  }
  return [
    [`/${name}/meta.json`, json({ latest: version, versions: { [version]: {} } })],
    [`/${name}/${version}_meta.json`, json({ manifest, exports })],
    ...modules,
  ];
}

function typescript(bytes: Uint8Array): Page {
  return {
    body: new TextDecoder().decode(bytes),
    headers: { "content-type": "application/typescript" },
  };
}

function json(value: unknown): Page {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

function notFound(): Response {
  return new Response(null, { status: 404 });
}
