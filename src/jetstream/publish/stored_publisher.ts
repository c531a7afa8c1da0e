import type { Duration } from "../../duration.ts";
import { checkOptions, duration } from "../../options.ts";
import {
  type Addressed,
  type HeaderFields,
  headerFields,
  namesRule,
  Pattern,
  PublisherCalls,
  type Schema,
  standardSchema,
} from "../../door/mod.ts";
import { declaredConfig, type Stream } from "../stream/stream.ts";
import type { ProgramPublisher, Stored } from "./program_publisher.ts";
import { programsOwn, type StoreMessageOptions, type StoreOptions } from "./store_options.ts";

/**
 * Publishes to one subject, or to the subjects of a pattern such as `"orders.{id}.placed"`, and resolves once a stream has
 * stored the message; `js.publisher()` makes it. The pattern decides how it is called: without parameters as
 * `publish(body, options)`, with parameters as `publish({ id }, body, options)`.
 */
export interface StoredPublisher<Names extends string = never, Body = unknown> {
  /** The pattern. */
  readonly pattern: string;

  /**
   * Publishes as `js.publish` does, to the pattern filled with the parameters.
   *
   * @throws {TypeError} for a call with missing or wrong parameters
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body that does not fit the schema
   */
  publish(...message: Addressed<Names, Body, StoreMessageOptions>): Promise<Stored>;
}

/** How a publisher of stored messages sends. */
export interface StoredPublisherOptions<Body = unknown, Names extends string = string> {
  /**
   * The names of the pattern's parameters, for a pattern that the compiler knows only as `string`.
   *
   * @default {the names that the type of the pattern shows}
   */
  readonly params?: readonly Names[];
  /** Checks and types every body before it is sent; it is sent as given. */
  readonly schema?: Schema<unknown, Body>;
  /** Headers of every message; the headers of a single message take precedence. */
  readonly headers?: HeaderFields;
  /**
   * The stream that stores the messages: it is declared at start, and another one is refused.
   *
   * @default {whichever takes the subject}
   */
  readonly stream?: Stream;
  /**
   * How long a message may take, outages included; at most the stream's duplicate window.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
}

/** Fills its pattern, checks the body, and publishes both. */
export class PatternStoredPublisher implements StoredPublisher<string> {
  readonly #calls: PublisherCalls;
  readonly #publisher: ProgramPublisher;
  readonly #options: StoredPublisherOptions;

  constructor(text: string, publisher: ProgramPublisher, options: StoredPublisherOptions) {
    const action = `make a publisher of "${text}"`;
    checkOptions(action, options, {
      params: (value) => namesRule(new Pattern(text).names, value),
      schema: standardSchema,
      headers: headerFields,
      stream: () => undefined,
      timeout: duration,
    });
    if (options.stream !== undefined) declaredConfig(action, options.stream);
    const headers = options.headers && programsOwn(action, options.headers);
    this.#calls = new PublisherCalls(text, () => "", headers);
    this.#publisher = publisher;
    this.#options = options;
  }

  get pattern(): string {
    return this.#calls.pattern;
  }

  publish(...message: unknown[]): Promise<Stored> {
    const { schema, stream, timeout } = this.#options;
    let call;
    try {
      call = this.#calls.read<StoreOptions>("publish", message);
    } catch (error) {
      this.#publisher.failed(this.pattern, error, undefined);
      const rejected = Promise.reject<Stored>(error);
      rejected.catch(() => {});
      return rejected;
    }
    const { subject, body, options } = call;
    const usual = { ...schema && { schema }, ...timeout !== undefined && { timeout } };
    const expect = stream && { ...options.expect, stream: options.expect?.stream ?? stream };
    return this.#publisher.publish(subject, body, {
      ...usual,
      ...options,
      ...expect && { expect },
    });
  }

  /** The text for logs: it shows the getters, which a log would otherwise omit. */
  [Symbol.for("Deno.customInspect")](
    inspect: typeof Deno.inspect,
    how: Deno.InspectOptions,
  ): string {
    return `StoredPublisher ${inspect({ pattern: this.pattern }, how)}`;
  }
}
