import type { Message } from "../message/message.ts";
import { validate } from "../message/schema.ts";
import { Pattern } from "../subject/pattern.ts";
import type { Outbound } from "./outbound.ts";
import type { Publisher } from "./publisher.ts";
import { mergeHeaders, type PublisherOptions } from "./publisher_options.ts";
import type { PublishOptions, RequestOptions } from "./send_options.ts";

/** Where a publisher stands: known once its router is part of a broker. */
export interface Surroundings {
  /** What goes before the pattern: the prefixes of its routers. */
  readonly prefix: string;
  readonly outbound: Outbound;
}

/** Fills its pattern, checks the body, and hands both on. */
export class PatternPublisher implements Publisher<string, never, unknown> {
  readonly #text: string;
  readonly #surroundings: Surroundings;
  readonly #options: PublisherOptions;

  constructor(text: string, surroundings: Surroundings, options: PublisherOptions) {
    this.#text = text;
    this.#surroundings = surroundings;
    this.#options = options;
  }

  get pattern(): string {
    return this.#surroundings.prefix + this.#text;
  }

  async publish(...message: unknown[]): Promise<void> {
    const { subject, body, options } = await this.#read<PublishOptions>(message);
    await this.#surroundings.outbound.publish(subject, body, options);
  }

  async request(...message: unknown[]): Promise<Message> {
    const { subject, body, options } = await this.#read<RequestOptions>(message);
    const { replySchema: schema, timeout } = this.#options;
    const defaults = { ...(schema && { schema }), ...(timeout !== undefined && { timeout }) };
    return await this.#surroundings.outbound.request(subject, body, { ...defaults, ...options });
  }

  async #read<Options extends PublishOptions | RequestOptions>(message: readonly unknown[]) {
    const pattern = new Pattern(this.pattern);
    const [params, body, options] = pattern.names.length > 0 ? message : [{}, ...message];
    const { schema, headers } = this.#options;
    const merged = mergeHeaders(headers, (options as Options | undefined)?.headers);
    return {
      subject: pattern.fill((params ?? {}) as Record<string, unknown>),
      body: schema ? await validate(schema, body) : body,
      options: { ...(options as Options), ...(merged && { headers: merged }) } as Options,
    };
  }
}
