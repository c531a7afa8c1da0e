import { withHeaders } from "../header_block.ts";
import type { Context } from "../context.ts";
import type { InternalClient } from "../internal_client.ts";
import { NOTHING, type StoredMessage } from "../message.ts";
import { isValidLiteral, isValidSubject } from "../../subject.ts";
import type { RepublishConfig } from "./config.ts";
import { originOf } from "./origin.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** Republishes stored messages to other subjects, with headers that give their place in the stream. */
export class Republishing {
  readonly #client: InternalClient;
  readonly #stream: string;
  readonly #headersOnly: boolean;
  readonly #transform: SubjectTransform | undefined;

  constructor({ client, clock }: Context, stream: string, config: RepublishConfig) {
    this.#client = client;
    this.#stream = stream;
    this.#headersOnly = config.headers_only ?? false;
    this.#transform = SubjectTransform.of(config.src, config.dest, clock.random);
  }

  /** Republishes a message; `before` is the previous sequence of its subject, or 0. */
  publish(message: StoredMessage, before: number): void {
    const { subject, headers, body } = message;
    const target = this.#transform?.apply(subject);
    if (target === undefined || !isValidLiteral(target) || !isValidSubject(target)) {
      return;
    }
    const block = withHeaders(headers, {
      ...originOf(this.#stream, message),
      "Nats-Last-Sequence": before,
      ...this.#headersOnly && { "Nats-Msg-Size": body.length },
    });
    this.#client.publish(target, { headers: block, body: this.#headersOnly ? NOTHING : body });
  }
}
