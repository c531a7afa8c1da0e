import type { BrokerAccess, Schema } from "../door/mod.ts";
import { JetStreamApi } from "../jetstream/api/js_api.ts";
import type { BucketOptions } from "./bucket_options.ts";
import { subjectStart } from "./keys.ts";
import { type BucketPlan, OpenedBucket } from "./opened_bucket.ts";
import { Values } from "./values.ts";

/** A bucket's name and options, checked, before a broker opens it. */
export class BucketDefinition implements BucketPlan {
  readonly name: string;
  readonly options: BucketOptions;
  readonly values: Values;
  readonly #opened = new WeakMap<JetStreamApi, OpenedBucket>();

  constructor(name: string, options: BucketOptions) {
    this.name = name;
    this.options = options;
    this.values = new Values(name, subjectStart(name), options.schema as Schema | undefined);
  }

  /** Opens the bucket for a broker. */
  on(access: BrokerAccess): OpenedBucket {
    const api = JetStreamApi.of(access, this.options.domain);
    let opened = this.#opened.get(api);
    if (!opened) this.#opened.set(api, opened = new OpenedBucket(this, api));
    return opened;
  }
}
