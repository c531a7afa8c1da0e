import type { Message } from "../message/message.ts";
import { validate } from "../message/schema.ts";
import { Pattern } from "../subject/pattern.ts";
import type { Outbound } from "./outbound.ts";
import type { Publisher } from "./publisher.ts";
import { mergeHeaders, type PublisherOptions } from "./publisher_options.ts";
import type { PublishOptions, RequestOptions } from "./send_options.ts";

/** Where a publisher stands: known once its router is part of a broker. */
export interface PublisherPlace {
  /** What goes before the pattern: the prefixes of its routers. */
  readonly prefix: string;
  readonly outbound: Outbound;
}

/** Fills its pattern, checks the body, and hands both on. */
export class PatternPublisher implements Publisher<string, never, unknown> {
  readonly #text: string;
  readonly #place: PublisherPlace;
  readonly #options: PublisherOptions;
  readonly #hasParams: boolean;
  #cached: Pattern | undefined;

  constructor(text: string, place: PublisherPlace, options: PublisherOptions) {
    this.#text = text;
    this.#place = place;
    this.#options = options;
    // of the pattern as it was written, as that is what the compiler goes by
    this.#hasParams = text.includes("{");
  }

  get pattern(): string {
    return this.#place.prefix + this.#text;
  }

  async publish(...message: unknown[]): Promise<void> {
    const { subject, body, options } = await this.#draft<PublishOptions>(message);
    await this.#place.outbound.publish(subject, body, options);
  }

  async request(...message: unknown[]): Promise<Message> {
    const { subject, body, options } = await this.#draft<RequestOptions>(message);
    const { replySchema: schema, timeout } = this.#options;
    const defaults = { ...(schema && { schema }), ...(timeout !== undefined && { timeout }) };
    return await this.#place.outbound.request(subject, body, { ...defaults, ...options });
  }

  async #draft<Options extends PublishOptions | RequestOptions>(message: readonly unknown[]) {
    const [params, body, options] = this.#hasParams ? message : [{}, ...message];
    const { schema, headers } = this.#options;
    const merged = mergeHeaders(headers, (options as Options | undefined)?.headers);
    return {
      subject: this.#parsed().fill((params ?? {}) as Record<string, unknown>),
      body: schema ? await validate(schema, body) : body,
      options: { ...(options as Options), ...(merged && { headers: merged }) } as Options,
    };
  }

  /** Read once for each prefix: it changes until all routers are included, and messages are many. */
  #parsed(): Pattern {
    const { pattern } = this;
    if (this.#cached?.text !== pattern) this.#cached = new Pattern(pattern);
    return this.#cached;
  }
}
