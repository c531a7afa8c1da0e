import { byteString } from "../../byte_string.ts";
import { isSubset } from "../../subject.ts";
import { advise } from "../advisories.ts";
import { asksTooMuch } from "../api_level.ts";
import type { Context } from "../context.ts";
import type { Published } from "../message.ts";
import type { Call, Endpoint } from "./call.ts";
import { ApiError } from "./errors.ts";

const PREFIX = "$JS.API.";
/**
 * Existing streams and consumers subscribe to these subjects themselves, so requests to missing ones get no response.
 */
const ELSEWHERE = ["$JS.API.CONSUMER.MSG.NEXT.", "$JS.API.DIRECT.GET"] as const;

/** Counts the API requests and errors. */
export interface ApiUsage {
  total: number;
  errors: number;
}

/** Answers requests to `$JS.API.>`. */
export class ApiRouter {
  /** The counts so far. */
  readonly usage: ApiUsage = { total: 0, errors: 0 };
  readonly #context: Context;
  readonly #endpoints: readonly { readonly pattern: string; readonly endpoint: Endpoint }[];

  constructor(context: Context, endpoints: readonly Endpoint[]) {
    this.#context = context;
    this.#endpoints = endpoints.map((endpoint) => ({
      pattern: PREFIX + endpoint.subject,
      endpoint,
    }));
    context.client.subscribe(`${PREFIX}>`, (published) => this.#receive(published));
  }

  #receive(published: Published): boolean {
    const { subject, reply } = published;
    if (ELSEWHERE.some((prefix) => subject.startsWith(prefix))) return false;
    const found = this.#endpoints.find(({ pattern }) => isSubset(subject, pattern));
    // like nats-server, an unknown endpoint gets no response
    if (!found) return true;
    const answer = this.#answer(found.endpoint, {
      ...published,
      names: openTokens(subject, found.pattern),
    });
    const type = `io.nats.jetstream.api.v1.${found.endpoint.type}`;
    const response = JSON.stringify({ type, ...answer });
    this.#context.client.publish(reply, { body: response });
    if (!found.endpoint.isPlain || "error" in answer) this.#audit(published, response);
    return true;
  }

  /** Publishes an audit advisory with the request and the response. */
  #audit({ subject, body }: Published, response: string): void {
    const { server } = this.#context;
    const client = { acc: "$G", server, kind: "Client", client_type: "nats" };
    const request = body.length > 0 ? { request: byteString(body, 0, body.length) } : {};
    advise(this.#context, "API", "api_audit", { server, client, subject, ...request, response });
  }

  #answer(endpoint: Endpoint, call: Call): object {
    try {
      if (asksTooMuch(call.headers)) throw new ApiError("requiredApiLevel");
      return endpoint.answer(call);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.usage.errors++;
      return { error, ...endpoint.empty };
    } finally {
      // counted only now: a response that reports the usage does not include its own request
      this.usage.total++;
    }
  }
}

/** The subject's tokens at the wildcards of the pattern; the tokens at `>` stay joined as one. */
function openTokens(subject: string, pattern: string): string[] {
  const tokens = subject.split(".");
  return pattern.split(".").flatMap((token, i) =>
    token === ">" ? [tokens.slice(i).join(".")] : token === "*" ? [tokens[i]!] : []
  );
}
