/**
 * A configuration that follows a bucket: whoever puts a new value changes the program while it runs. It takes over the
 * settings that belong together at once, and goes on with the last good ones where one of them is wrong.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/live_config.ts
 * ```
 *
 * @module
 */
import { NatsBroker, type Schema } from "@signalbox/nats";
import { type Bucket, kv } from "@signalbox/nats/kv";
import { EmbeddedServer } from "@signalbox/nats/testing";

/** What can be set. */
export interface Settings {
  readonly limit: number;
  readonly greeting: string;
}

const DEFAULTS: Settings = { limit: 2, greeting: "Hello" };

/** By hand here; zod, valibot and arktype make these. */
const setting: Schema<string | number> = {
  "~standard": {
    version: 1,
    vendor: "example",
    validate: (value) =>
      typeof value === "string" || (typeof value === "number" && value > 0)
        ? { value }
        : { issues: [{ message: "must be text or a number above 0" }] },
  },
};

/** The settings as they are now. */
export interface LiveSettings extends AsyncDisposable {
  readonly current: Settings;
}

/** The bucket of the settings. */
export function settingsOf(broker: NatsBroker): Bucket<string | number> {
  return kv(broker, "settings", { declare: "create", batch: true, history: 5, schema: setting });
}

/** Follows the settings of a service; `changed` is called for each change that it takes over. */
export async function follow(
  bucket: Bucket<string | number>,
  service: string,
  changed: (settings: Settings) => void,
): Promise<LiveSettings> {
  let current = DEFAULTS;
  const mirror = bucket.mirror(`${service}.*`, { onChange: () => take() });
  const take = () => {
    const limit = mirror.get(`${service}.limit`) ?? DEFAULTS.limit;
    const greeting = mirror.get(`${service}.greeting`) ?? DEFAULTS.greeting;
    // a text where a number must be: the last good settings stay
    if (typeof limit !== "number" || typeof greeting !== "string") return;
    if (limit === current.limit && greeting === current.greeting) return;
    changed(current = { limit, greeting });
  };
  await mirror.ready;
  return {
    get current() {
      return current;
    },
    [Symbol.asyncDispose]: () => mirror.close(),
  };
}

/** Runs a service, and an operator who changes its settings. */
export async function run(server: string, tell: (line: string) => void): Promise<void> {
  await using broker = new NatsBroker(server, { logger: false });
  await broker.start();
  const bucket = settingsOf(broker);
  const heard = Promise.withResolvers<void>();
  await using live = await follow(bucket, "shop", ({ limit, greeting }) => {
    tell(`now ${greeting}, up to ${limit}`);
    if (limit === 9) heard.resolve();
  });
  tell(`begins with ${live.current.greeting}, up to ${live.current.limit}`);

  await bucket.put("shop.greeting", "Welcome");
  await bucket.put("other.limit", 1);
  // both at once, and no moment with one of them
  await bucket.batch((batch) => batch.put("shop.greeting", "Good evening").put("shop.limit", 5));
  await bucket.put("shop.limit", "many");
  await bucket.change("shop.limit", () => 9);
  await heard.promise;

  const last = [];
  for await (const { value } of bucket.history("shop.limit")) last.push(value);
  tell(`shop.limit was ${last.join(", ")}`);
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL");
  await using server = url ? undefined : await EmbeddedServer.start();
  await run(url ?? server!.url, console.log);
}
