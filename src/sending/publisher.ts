import type { Message } from "../message/message.ts";
import { Pattern } from "../subject/subject.ts";
import type { PublishOptions, RequestOptions } from "./send_options.ts";
import { type HeaderFields, headerFields, pairsOf, validPairs } from "../message/headers.ts";
import { standardSchema } from "../message/schema.ts";
import { checkOptions, describe, holdsOptions, milliseconds } from "../options.ts";
import { handled } from "../promises.ts";
import type { Publisher, PublisherOptions } from "./publisher_types.ts";
import type { Sender } from "./sender.ts";

const ACTION = "make a publisher";

/**
 * Checks every option.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkPublisher(
  pattern: string,
  options: PublisherOptions,
): void {
  checkOptions(`${ACTION} of "${pattern}"`, options, {
    params: (value) => namesRule(new Pattern(pattern, ACTION).names, value),
    schema: standardSchema,
    replySchema: standardSchema,
    headers: headerFields,
    timeout: milliseconds,
  });
}

/** The names must be those of the pattern: the compiler trusts them. */
export function namesRule(names: readonly string[], value: unknown): string | undefined {
  const isList = Array.isArray(value) && new Set(value).size === value.length;
  if (isList && value.length === names.length && names.every((name) => value.includes(name))) {
    return undefined;
  }
  return names.length > 0
    ? `the names of its parameters, ${names.join(", ")}`
    : "empty, as it has no parameters";
}

/** Where a publisher is registered; known once its router is part of a broker. */
export interface PublisherScope {
  /** The prefixes of its routers, which precede the pattern. */
  readonly prefix: string;
  readonly sender: Sender;
}

/** Fills its pattern, checks the body, and publishes both. */
export class PatternPublisher implements Publisher<string, never, unknown> {
  readonly #scope: PublisherScope;
  readonly #options: PublisherOptions;
  readonly #calls: PublisherCalls;

  constructor(text: string, scope: PublisherScope, options: PublisherOptions) {
    this.#scope = scope;
    this.#options = options;
    this.#calls = new PublisherCalls(text, () => scope.prefix, options.headers);
  }

  get pattern(): string {
    return this.#calls.pattern;
  }

  publish(...message: unknown[]): Promise<void> {
    return handled(this.#publish(message));
  }

  request(...message: unknown[]): Promise<Message> {
    return handled(this.#request(message));
  }

  async #publish(message: readonly unknown[]): Promise<void> {
    const { sender } = this.#scope;
    const { schema } = this.#options;
    let draft;
    try {
      draft = this.#calls.read<PublishOptions>("publish", message);
    } catch (error) {
      return await sender.reported(this.pattern, Promise.reject(error));
    }
    const { subject, body, options } = draft;
    await sender.publish(subject, body, schema ? { ...options, schema } : options);
  }

  async #request(message: readonly unknown[]): Promise<Message> {
    const { subject, body, options } = this.#calls.read<RequestOptions>("request", message);
    const { sender } = this.#scope;
    const { schema: sendSchema, replySchema: schema, timeout = sender.requestTimeout } =
      this.#options;
    return await sender.request(subject, body, {
      ...options,
      ...(sendSchema && { sendSchema }),
      ...(schema && { schema }),
      timeout: options.timeout ?? timeout,
    });
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `Publisher ${inspect({ pattern: this.pattern }, how)}`;
  }
}

interface WithHeaders {
  readonly headers?: HeaderFields;
}

/**
 * Merges the publisher's headers with the headers of one message, which replace those of the same name, in any case.
 */
export function mergeHeaders(
  constant: HeaderFields | undefined,
  own: HeaderFields | undefined,
): HeaderFields | undefined {
  if (!constant || !own) return own ?? constant;
  const given = pairsOf(own);
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  return [...pairsOf(constant).filter(([name]) => !names.has(name.toLowerCase())), ...given];
}

/** What a publisher was called with. */
export interface PublisherCall<Options> {
  readonly subject: string;
  readonly body: unknown;
  readonly options: Options;
}

/** Reads how the methods of a publisher are called: its pattern decides that. */
export class PublisherCalls {
  readonly #text: string;
  readonly #prefix: () => string;
  readonly #headers: HeaderFields | undefined;
  /** The parameters of the pattern without its prefix, as the compiler knows only these. */
  readonly #names: readonly string[];
  #cached: Pattern | undefined;

  /**
   * Reads the pattern; `headers` are those of every message.
   *
   * @throws {InvalidSubjectError} for a pattern that cannot be filled
   * @throws {TypeError} for a header that cannot be sent
   */
  constructor(text: string, prefix: () => string, headers: HeaderFields | undefined) {
    this.#text = text;
    this.#prefix = prefix;
    // a copy, as the pairs of an iterator can be read only once
    this.#headers = headers && validPairs(headers);
    this.#names = new Pattern(text, ACTION).checkFillable(ACTION).names;
  }

  /** The pattern, with the prefixes of all routers it is in. */
  get pattern(): string {
    return this.#prefix() + this.#text;
  }

  /**
   * The subject, the body and the options of a call.
   *
   * @throws {TypeError} for a call with missing or wrong parameters
   * @throws {InvalidSubjectError} for a parameter that is not one token
   */
  read<Options extends WithHeaders>(
    method: string,
    message: readonly unknown[],
  ): PublisherCall<Options> {
    this.#checkCall(method, message);
    const [params, body, options] = this.#names.length > 0 ? message : [{}, ...message];
    const merged = mergeHeaders(this.#headers, (options as Options | undefined)?.headers);
    return {
      subject: this.#parsed().fill((params ?? {}) as Record<string, unknown>),
      body,
      options: { ...(options as Options), ...(merged && { headers: merged }) } as Options,
    };
  }

  /** Rejects a call that swaps body and parameters, which would otherwise publish the wrong value. */
  #checkCall(method: string, message: readonly unknown[]): void {
    const names = this.#names;
    const isFitting = names.length === 0
      ? message.length <= 2 && isOptions(message[1])
      : message.length <= 3 && isParams(names, message[0]) && isOptions(message[2]);
    if (isFitting) return;
    const wanted = names.length === 0 ? "body" : `{ ${names.join(", ")} }, body`;
    const given = message.map(describe).join(", ");
    throw new TypeError(
      `Cannot ${method} with the publisher of "${this.pattern}" as it must be called as ` +
        `${method}(${wanted}, options): ${method}(${given})`,
    );
  }

  /**
   * Parses the pattern once for each prefix, not for each message; the prefix changes until all routers are included.
   */
  #parsed(): Pattern {
    const { pattern } = this;
    if (this.#cached?.text !== pattern) this.#cached = new Pattern(pattern);
    return this.#cached;
  }
}

/** Whether these are exactly one value for each parameter; any other value would be lost. */
function isParams(names: readonly string[], params: unknown): boolean {
  if (typeof params !== "object" || params === null) return false;
  return names.every((name) => name in params) &&
    Object.keys(params).every((name) => names.includes(name));
}

/** Whether the value could be options; the code that uses them rejects unknown ones. */
function isOptions(options: unknown): boolean {
  return options === undefined || holdsOptions(options);
}
