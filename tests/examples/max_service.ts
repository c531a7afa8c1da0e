/**
 * A service as nats.js has it, with `Svcm` and `addEndpoint()`: found by `nats micro ls`, with two endpoints, counts, and
 * errors that have a code.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/max_service.ts
 * ```
 *
 * @module
 */
import { NatsBroker, RemoteError, ReplyError } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";

/**
 * Makes the service. nats.js: `svc.add({ name, version })`, `service.addEndpoint("max", …)` and, in it,
 * `message.respond(JSON.stringify(…))` or `message.respondError(400, …)`.
 */
export function createService(server: string): NatsBroker {
  const service = { name: "extremes", version: "1.0.0", description: "Finds the largest number" };
  const broker = new NatsBroker(server, { service, logger: false });
  broker.subscriber("max", ({ body }) => Math.max(...numbers(body)));
  broker.subscriber("min", ({ body }) => Math.min(...numbers(body)));
  return broker;
}

/** The body, as a list that has a largest number. */
function numbers(body: unknown): number[] {
  const isList = Array.isArray(body) && body.every((each) => typeof each === "number");
  if (!isList) throw new ReplyError(400, "The body must be a list of numbers");
  if (body.length === 0) throw new ReplyError(422, "An empty list has no largest number");
  return body;
}

/** One of the replies to `$SRV.STATS`, as far as it is printed. */
interface Stats {
  readonly name: string;
  readonly endpoints: readonly {
    readonly name: string;
    readonly num_requests: number;
    readonly num_errors: number;
  }[];
}

/** Asks the service, and then for its counts, as any client can. */
export async function ask(server: string, print: (line: string) => void): Promise<void> {
  await using service = createService(server);
  await service.start();
  await using client = new NatsBroker(server, { logger: false });
  await client.connect();

  for (const body of [[3, 9, 4], [], "nine"]) {
    try {
      print(`max ${JSON.stringify(body)}: ${(await client.request("max", body)).body}`);
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      print(`max ${JSON.stringify(body)}: ${error.code} ${error.description}`);
    }
  }
  print(`min [3,9,4]: ${(await client.request("min", [3, 9, 4])).body}`);

  // nats.js: svc.client().stats("extremes")
  for await (const { body } of client.requestMany("$SRV.STATS.extremes", undefined, { max: 1 })) {
    for (const { name, num_requests, num_errors } of (body as Stats).endpoints) {
      print(`${name}: ${num_requests} requests, ${num_errors} errors`);
    }
  }
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") || undefined;
  await using embedded = url ? undefined : await EmbeddedServer.start();
  await ask(url ?? embedded!.url, console.log);
}
