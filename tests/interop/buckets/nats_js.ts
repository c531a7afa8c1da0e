/**
 * One action of nats.js on a bucket. Its packages are named at run time, as the project does not depend on them.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Loose = any;

const load = async (name: string): Promise<Loose> => await import(`npm:@nats-io/${name}@3`);
const { connect } = await load("transport-node");
const { Kvm } = await load("kv");

const [action, servers, bucket, key, value] = Deno.args as [string, string, string, string, string];
const connection = await connect({ servers });
const kvm = new Kvm(connection);
const kv = action === "make" ? await kvm.create(bucket, { history: 5 }) : await kvm.open(bucket);

const actions: Record<string, () => unknown> = {
  make: () => "made",
  put: () => kv.put(key, value),
  delete: () => kv.delete(key),
  purge: () => kv.purge(key),
  async get() {
    const entry = await kv.get(key);
    return entry?.operation === "PUT" ? entry.string() : "none";
  },
  async keys() {
    const keys: string[] = [];
    for await (const one of await kv.keys()) keys.push(one);
    return keys.sort().join(" ");
  },
  async history() {
    const seen: string[] = [];
    for await (const { operation } of await kv.history({ key })) {
      seen.push(operation);
    }
    return seen.join(" ");
  },
};
console.log(await actions[action]!());
await connection.drain();
