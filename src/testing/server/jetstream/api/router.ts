import { isSubset } from "../../subject.ts";
import { asksTooMuch } from "../api_level.ts";
import type { InternalClient } from "../internal_client.ts";
import type { Published } from "../message.ts";
import type { Call, Endpoint } from "./call.ts";
import { ApiError } from "./errors.ts";

const PREFIX = "$JS.API.";
/** Streams and consumers that are there subscribe to these themselves, so that others get no answer at all. */
const ELSEWHERE = ["$JS.API.CONSUMER.MSG.NEXT.", "$JS.API.DIRECT.GET"] as const;

/** How much was asked of the API. */
export interface ApiUsage {
  total: number;
  errors: number;
}

/** Answers requests to `$JS.API.>`. */
export class ApiRouter {
  /** How much was asked until now. */
  readonly usage: ApiUsage = { total: 0, errors: 0 };
  readonly #client: InternalClient;
  readonly #endpoints: readonly { readonly pattern: string; readonly endpoint: Endpoint }[];

  constructor(client: InternalClient, endpoints: readonly Endpoint[]) {
    this.#client = client;
    this.#endpoints = endpoints.map((endpoint) => ({
      pattern: PREFIX + endpoint.subject,
      endpoint,
    }));
    client.subscribe(`${PREFIX}>`, (published) => this.#receive(published));
  }

  #receive(published: Published): boolean {
    const { subject, reply } = published;
    if (ELSEWHERE.some((prefix) => subject.startsWith(prefix))) return false;
    const found = this.#endpoints.find(({ pattern }) => isSubset(subject, pattern));
    // what cannot be asked is not answered
    if (!found) return true;
    const answer = this.#answer(found.endpoint, {
      ...published,
      names: openTokens(subject, found.pattern),
    });
    const type = `io.nats.jetstream.api.v1.${found.endpoint.type}`;
    this.#client.publish(reply, { body: JSON.stringify({ type, ...answer }) });
    return true;
  }

  #answer(endpoint: Endpoint, call: Call): object {
    this.usage.total++;
    try {
      if (asksTooMuch(call.headers)) throw new ApiError("requiredApiLevel");
      return endpoint.answer(call);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.usage.errors++;
      return { error, ...endpoint.empty };
    }
  }
}

/** The tokens where the pattern has a wildcard; those of `>` as one. */
function openTokens(subject: string, pattern: string): string[] {
  const tokens = subject.split(".");
  return pattern.split(".").flatMap((token, i) =>
    token === ">" ? [tokens.slice(i).join(".")] : token === "*" ? [tokens[i]!] : []
  );
}
