import { isSubset } from "../../subject.ts";
import { asksTooMuch } from "../api_level.ts";
import type { InternalClient } from "../internal_client.ts";
import type { Published } from "../message.ts";
import type { Endpoint } from "./call.ts";
import { ApiError } from "./errors.ts";

const PREFIX = "$JS.API.";
/** Streams and consumers that are there subscribe to these themselves, so that others get no answer at all. */
const ELSEWHERE = ["$JS.API.CONSUMER.MSG.NEXT.", "$JS.API.DIRECT.GET"] as const;
/** Only the system account may ask these: there is none here, and nothing is answered. */
const UNANSWERED = [
  "$JS.API.META.LEADER.STEPDOWN",
  "$JS.API.SERVER.REMOVE",
  "$JS.API.SERVER.EVACUATE",
  "$JS.API.META.RESCUE",
] as const;
const ACCOUNT = "$JS.API.ACCOUNT.";

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
    if (UNANSWERED.some((one) => one === subject) || subject.startsWith(ACCOUNT)) return true;
    const answer = this.#answer(published);
    this.#client.publish(reply, { body: JSON.stringify(answer) });
    return true;
  }

  #answer(published: Published): object {
    const { subject, headers, body } = published;
    const found = this.#endpoints.find(({ pattern }) => isSubset(subject, pattern));
    const type = `io.nats.jetstream.api.v1.${found?.endpoint.type ?? "system_response"}`;
    this.usage.total++;
    try {
      if (!found) throw new ApiError("badRequest");
      if (asksTooMuch(headers)) throw new ApiError("requiredApiLevel");
      const names = openTokens(subject, found.pattern);
      return { type, ...found.endpoint.answer({ names, headers, body }) };
    } catch (error) {
      this.usage.errors++;
      if (error instanceof ApiError) return { type, error, ...found?.endpoint.empty };
      throw error;
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
