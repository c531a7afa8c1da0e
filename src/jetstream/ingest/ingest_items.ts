import type { Duration } from "../../duration.ts";
import { holdsOptions } from "../../options.ts";
import {
  checkSent,
  type HeaderFields,
  mergeHeaders,
  newToken,
  type Pattern,
  type Schema,
} from "../../door/mod.ts";
import { shown } from "../api/shown.ts";
import type { ProgramPublisher } from "../publish/program_publisher.ts";
import { headersOf } from "../publish/publish_stored.ts";
import { checkStore, type StoreOptions } from "../publish/store_options.ts";
import type { Stream } from "../stream/stream.ts";
import type { Kept } from "./backlog.ts";
import type { IngestMessage } from "./ingest_options.ts";

/** The settings that all items share. */
interface ItemSettings {
  readonly schema?: Schema | undefined;
  readonly headers?: HeaderFields | undefined;
  readonly stream?: Stream | undefined;
}

/** The parts of an item besides its subject and its body. */
interface Others {
  readonly headers: HeaderFields | undefined;
  readonly ttl: Duration | undefined;
}

const PARTS: ReadonlySet<string> = new Set(["params", "body", "headers", "ttl"]);

/** Turns the items of a program into messages. */
export class IngestItems {
  readonly #pattern: Pattern;
  readonly #publisher: ProgramPublisher;
  readonly #settings: ItemSettings;

  constructor(pattern: Pattern, publisher: ProgramPublisher, settings: ItemSettings) {
    this.#pattern = pattern;
    this.#publisher = publisher;
    this.#settings = settings;
  }

  /**
   * Turns an item into a message; returns a promise only if the schema is async.
   *
   * @throws {TypeError} for an item that lacks a parameter or has an unknown field
   * @throws {InvalidSubjectError} for a parameter that is not a single token
   * @throws {ValidationError} for a body that does not fit the schema
   * @throws {EncodeError} for a body that cannot be encoded
   */
  read(item: unknown): Kept | Promise<Kept> {
    const { schema } = this.#settings;
    const hasParams = this.#pattern.names.length > 0;
    if (hasParams) this.#checkMessage(item);
    const { params = {}, body, headers, ttl } = hasParams
      ? item as IngestMessage
      : { body: item } as IngestMessage;
    const subject = this.#pattern.fill(params);
    const valid = schema && checkSent(schema, body);
    const make = () => this.#make(subject, body, { headers, ttl });
    return valid ? valid.then(make) : make();
  }

  #make(
    subject: string,
    body: unknown,
    { headers, ttl }: Others,
  ): Kept {
    const { headers: common, stream } = this.#settings;
    const merged = headers || common ? mergeHeaders(common, headers) : undefined;
    let options: StoreOptions | undefined;
    if (merged || ttl !== undefined || stream) {
      options = {
        ...merged && { headers: merged },
        ...ttl !== undefined && { ttl },
        ...stream && { expect: { stream } },
      };
    }
    checkStore(subject, options);
    const { data, contentType, fields } = this.#publisher.prepare(subject, body, options);
    const id = newToken();
    const known = fields && fields.length > 0 ? fields : undefined;
    const headerBlock = headersOf(id, { contentType, headers: known });
    return { subject, data, headerBlock, id, sentAt: undefined, message: undefined };
  }

  #checkMessage(item: unknown): asserts item is IngestMessage {
    const { names, text } = this.#pattern;
    const isMessage = holdsOptions(item) && Object.keys(item).every((part) => PARTS.has(part));
    const params = isMessage ? (item as IngestMessage).params : undefined;
    const isWhole = holdsOptions(params) && names.every((name) => name in params) &&
      Object.keys(params).every((name) => names.includes(name));
    if (isWhole) return;
    const wanted = `{ params: { ${names.join(", ")} }, body, headers, ttl }`;
    throw new TypeError(
      `Cannot ingest to "${text}" as an item must be ${wanted}: ${shown(item)}`,
    );
  }
}
