/**
 * nats.js and a bucket of objects: an action, the address of the server, and what the action needs. The packages are
 * named at run time, as the project does not depend on them.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Loose = any;

const load = async (name: string): Promise<Loose> => await import(`npm:@nats-io/${name}@3`);
const { connect } = await load("transport-node");
const { Objm } = await load("obj");

const [action, url, name = "", path = ""] = Deno.args;
const connection = await connect({ servers: url });
const bucket = await new Objm(connection).create("files");
const told = (info: Loose) =>
  info && {
    name: info.name,
    size: info.size,
    description: info.description,
    type: info.headers.get("content-type"),
    owner: info.metadata.owner,
    link: info.options?.link,
    isDated: !Number.isNaN(Date.parse(info.mtime)),
  };
switch (action) {
  case "put": {
    const { headers } = await load("nats-core");
    const given = headers();
    given.set("content-type", "image/png");
    const meta = { name, description: "a peer's", headers: given, metadata: { owner: "peer" } };
    const file = await Deno.open(path);
    await bucket.put(meta, file.readable);
    break;
  }
  case "get": {
    const found = await bucket.get(name);
    const bytes = new Uint8Array(await new Response(found.data).arrayBuffer());
    if (await found.error) throw await found.error;
    await Deno.writeFile(path, bytes);
    break;
  }
  case "info":
    console.log(JSON.stringify(told(await bucket.info(name)) ?? null));
    break;
  case "list":
    console.log(JSON.stringify((await bucket.list()).map(({ name }: Loose) => name).sort()));
    break;
  case "link":
    await bucket.link(name, await bucket.info(path));
    break;
  case "delete":
    await bucket.delete(name);
}
await connection.close();
