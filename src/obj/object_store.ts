import { type BrokerAccess, type Door, type NatsBroker, newToken, register } from "../door/mod.ts";
import { whileItStarts } from "../jetstream/api/start_patience.ts";
import type { ObjectBody } from "./body.ts";
import { Bucket } from "./bucket.ts";
import { type ObjectsOptions, type ObjectsSettings, objectsSettings } from "./bucket_options.ts";
import { makeChanges, type ObjectChanges, type ObjectChangesOptions } from "./changes.ts";
import { collect, collectAge, type CollectOptions } from "./collect.ts";
import { checkGetOptions, type GetOptions, openObject, type StoredObject } from "./get.ts";
import { Infos } from "./infos.ts";
import { linkOf, type LinkTarget, writeLink } from "./links.ts";
import { entriesOf } from "./list.ts";
import { BucketNames, checkObjectName } from "./names.ts";
import type { Entry, ObjectInfo } from "./object_info.ts";
import type { Objects } from "./objects.ts";
import { Put } from "./put.ts";
import { checkPutOptions, type PutOptions } from "./put_options.ts";

/** The bucket that programs use. */
export class ObjectStore implements Objects {
  readonly name: string;
  readonly #bucket: Bucket;
  readonly #infos: Infos;
  #puts = 0;
  #gets = 0;

  constructor(bucket: Bucket) {
    this.name = bucket.names.bucket;
    this.#bucket = bucket;
    this.#infos = new Infos(bucket);
  }

  /** The number of puts, and of objects opened. */
  get stats(): { readonly puts: number; readonly gets: number } {
    return { puts: this.#puts, gets: this.#gets };
  }

  async put(name: string, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
    const action = this.#action("put", name);
    this.#checkWritable(action);
    const checked = checkPutOptions(action, options);
    checked.signal?.throwIfAborted();
    const put = () => new Put(this.#bucket, action, name, body, checked).run();
    const made = await this.#do(action, put);
    this.#puts++;
    return made;
  }

  async get(name: string, options?: GetOptions): Promise<StoredObject | undefined> {
    const action = this.#action("get", name);
    const checked = checkGetOptions(action, options);
    const found = await this.#do(action, () => openObject(this.#bucket, action, name, checked));
    if (found) this.#gets++;
    return found;
  }

  async info(name: string): Promise<ObjectInfo | undefined> {
    const action = this.#action("look up", name);
    const entry = await this.#do(action, () => this.#infos.read(action, name));
    return entry?.isDeleted ? undefined : entry?.info;
  }

  async *list(): AsyncGenerator<ObjectInfo> {
    const { api: { access } } = this.#bucket;
    const action = `list the bucket "${this.name}"`;
    await this.#do(action, () => {});
    const entries = entriesOf(this.#bucket, action, (error) => access.report(error));
    // an object that changes during the iteration is delivered again
    const listed = new Set<string>();
    for await (const { info, isDeleted } of entries) {
      if (isDeleted || listed.has(info.name)) continue;
      listed.add(info.name);
      yield info;
    }
  }

  async delete(name: string): Promise<boolean> {
    const action = this.#action("delete", name);
    this.#checkWritable(action);
    const make = (current: Entry | undefined): Entry | undefined => {
      if (!current || current.isDeleted) return undefined;
      const time = new Date(this.#bucket.api.access.clock.wallTime());
      const id = current.info.id || newToken();
      const gone = { id, size: 0, chunks: 0, digest: undefined, time };
      return { info: { ...current.info, ...gone }, isDeleted: true };
    };
    const replacement = { action, name, make, replacesUnreadable: true };
    return await this.#do(action, () => this.#infos.replace(replacement)) !== undefined;
  }

  async link(name: string, target: LinkTarget): Promise<ObjectInfo> {
    const action = this.#action("make the link", name);
    this.#checkWritable(action);
    const link = linkOf(action, this.name, target);
    return await this.#do(action, () => writeLink(this.#bucket, action, name, link));
  }

  changes(options: ObjectChangesOptions = {}): ObjectChanges {
    const { names, settings, access: own } = this.#bucket;
    const on = (access: BrokerAccess) =>
      access === own ? this.#bucket : new Bucket(access, names, settings);
    return makeChanges(this.#bucket, on, options);
  }

  async collect(options?: CollectOptions): Promise<number> {
    const action = `collect what is left in the bucket "${this.name}"`;
    this.#checkWritable(action);
    const age = collectAge(action, options);
    return await this.#do(action, () => collect(this.#bucket, action, age));
  }

  /** Runs an operation once the bucket is declared; turns errors about the stream into errors about the bucket. */
  async #do<T>(action: string, work: () => T | Promise<T>): Promise<T> {
    try {
      await this.#bucket.ready();
      return await work();
    } catch (error) {
      throw this.#bucket.nameIn(error, action);
    }
  }

  #action(verb: string, name: string): string {
    checkObjectName(`${verb} an object of "${this.name}"`, name);
    return `${verb} "${name}" in the bucket "${this.name}"`;
  }

  #checkWritable(action: string): void {
    if (!this.#bucket.settings.readOnly) return;
    throw new TypeError(`Cannot ${action} as its "readOnly" must be false: it is true`);
  }
}

interface Known {
  readonly store: ObjectStore;
  /** The options as text, for comparison. */
  readonly settings: string;
}

/** The opened buckets of each broker, by domain and name. */
const stores = new WeakMap<NatsBroker, Map<string, Known>>();

/** The bucket of a broker; the same object for the same name and domain. */
export function storeOf(
  broker: NatsBroker,
  name: string,
  options: ObjectsOptions | undefined,
): ObjectStore {
  const names = new BucketNames("use a bucket", name);
  const settings = objectsSettings(names, options);
  const known = stores.get(broker) ?? new Map<string, Known>();
  const key = `${settings.domain ?? ""} ${name}`;
  const text = JSON.stringify(settings);
  const found = known.get(key);
  if (found && options !== undefined && found.settings !== text) {
    const rule = "its options must be those that it was first given: they are others";
    throw new TypeError(`Cannot use the bucket "${name}" as ${rule}`);
  }
  if (found) return found.store;
  const store = opened(broker, names, settings);
  stores.set(broker, known.set(key, { store, settings: text }));
  return store;
}

function opened(broker: NatsBroker, names: BucketNames, settings: ObjectsSettings): ObjectStore {
  const { bucket: name } = names;
  const { domain, declare } = settings;
  let bucket: Bucket | undefined;
  const on = (access: BrokerAccess) => bucket ??= new Bucket(access, names, settings);
  const door: Door = {
    name: `objects "${name}"${domain === undefined ? "" : ` of the domain "${domain}"`}`,
    get needs() {
      return bucket?.needs ?? {};
    },
    start: (access) => whileItStarts(access, async () => await on(access).ready()),
    stop: () => bucket?.stop(),
    leave: () => bucket?.leave(),
    describe: () => ({ bucket: name, domain, declare }),
    stats: () => store.stats,
  };
  const store = new ObjectStore(on(register(broker, door)));
  return store;
}
