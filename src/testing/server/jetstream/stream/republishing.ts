import { headerBlock } from "../header_block.ts";
import type { Context } from "../context.ts";
import type { InternalClient } from "../internal_client.ts";
import { NOTHING, type StoredMessage } from "../message.ts";
import { isValidLiteral, isValidSubject } from "../../subject.ts";
import { writeTime } from "../time.ts";
import type { RepublishConfig } from "./config.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** Publishes what was stored once more, on another subject, with where it is in the stream. */
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

  /** Publishes a message; `before` is the sequence of the one before on its subject, or 0. */
  publish({ seq, subject, headers, body, time }: StoredMessage, before: number): void {
    const target = this.#transform?.apply(subject);
    if (target === undefined || !isValidLiteral(target) || !isValidSubject(target)) {
      return;
    }
    const place = headerBlock({
      "Nats-Stream": this.#stream,
      "Nats-Subject": subject,
      "Nats-Sequence": seq,
      "Nats-Time-Stamp": writeTime(time),
      "Nats-Last-Sequence": before,
      ...this.#headersOnly && { "Nats-Msg-Size": body.length },
    });
    const lines = place.slice(place.indexOf("\r\n") + 2);
    const block = headers === "" ? place : headers.slice(0, -2) + lines;
    this.#client.publish(target, { headers: block, body: this.#headersOnly ? NOTHING : body });
  }
}
