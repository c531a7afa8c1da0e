import { type BrokerAccess, type Needs, type Sink, type Source, source } from "../../door/mod.ts";
import { JetStreamApi } from "../api/js_api.ts";
import { deadFilter } from "../dead/dead_letter.ts";
import type { Declare, DeclaredStream } from "../stream/declare_stream.ts";
import { declaredConfig, type Stream } from "../stream/stream.ts";
import type { CheckedConsumer, ConsumerOptions, ConsumerPattern } from "./consumer_options.ts";
import { ConsumerServer, declaredConsumers } from "./consumer_server.ts";
import { type ConsumerSettings, consumerSettings } from "./consumer_settings.ts";
import { consumerNeeds, type DeclaredConsumer } from "./declare_consumer.ts";
import type { BatchVerdicts } from "./batches.ts";
import { OpenConsumer } from "./open_consumer.ts";
import type { StoredDelivery } from "./stored_delivery.ts";

/** What each message of a consumer has besides. */
export interface Delivered {
  /** Which message it is, and how often it was delivered. */
  readonly delivery: StoredDelivery;
}

/** What a consumer gives its handler, for the compiler. */
export interface ConsumerKind<Subjects extends string, Options> {
  /** The pattern of its messages, or several. */
  readonly pattern: ConsumerPattern<Subjects, Options>;
  /** What each message has besides. */
  readonly besides: Options extends { readonly batch: object } ? Delivered & BatchVerdicts
    : Delivered;
  /** Whether the handler gets a list. */
  readonly batch: Options extends { readonly batch: object } ? true : false;
}

/** A consumer as a program declares it: a plain value without a broker, which `broker.subscriber()` takes. */
export interface Consumer<Subjects extends string = string, Options = ConsumerOptions>
  extends Source<ConsumerKind<Subjects, Options>> {
  /** Its name, which is that of the durable consumer on the server. */
  readonly name: string;
  /** Whose messages it takes. */
  readonly stream: Stream<Subjects>;
  /** The stream of what it gives up; `undefined` if that is dropped. */
  readonly deadLetter: string | undefined;
}

/**
 * Declares a consumer: a handler's place in a stream, shared by all processes that name it. At start it is made, changed
 * or checked as the stream's `declare` says. The outcome of the handler is the acknowledgement: what it returns is
 * dropped, a throw has the message tried again, {@linkcode Reject} makes it a dead letter at once, and {@linkcode Retry}
 * says when it is wanted again.
 *
 * @throws {TypeError} for a wrong name or option, or a subject outside of the stream
 * @throws {InvalidSubjectError} for a wrong pattern
 */
export function consumer<
  const Subjects extends string,
  const Options extends ConsumerOptions = Record<never, never>,
>(
  stream: Stream<Subjects>,
  name: string,
  options?: ConsumerOptions & Options & CheckedConsumer<Subjects, Options>,
): Consumer<Subjects, Options> {
  const config = declaredConfig(`make the consumer "${name}"`, stream);
  const settings = consumerSettings(stream, name, options ?? {});
  const { declare, domain } = stream;
  const driver = new ConsumerDriver(settings, config, declare, domain);
  const { deadLetter } = settings;
  return source<ConsumerKind<Subjects, Options>, Pick<Consumer<Subjects>, "stream" | "deadLetter">>(
    name,
    driver,
    { stream, deadLetter },
  );
}

/** Opens a consumer on a broker. */
class ConsumerDriver {
  readonly pattern: string;
  readonly batch: boolean;
  readonly #settings: ConsumerSettings;
  readonly #stream: DeclaredStream;
  readonly #declare: Declare;
  readonly #domain: string | undefined;

  constructor(
    settings: ConsumerSettings,
    stream: DeclaredStream,
    declare: Declare,
    domain: string | undefined,
  ) {
    const [first] = settings.patterns;
    this.pattern = settings.patterns.length === 1 ? first!.text : ">";
    this.batch = settings.batch !== undefined;
    this.#settings = settings;
    this.#stream = stream;
    this.#declare = declare;
    this.#domain = domain;
  }

  get needs(): Needs {
    return { publish: consumerPermissions(this.#settings, this.#declare, this.#domain) };
  }

  get description(): Readonly<Record<string, unknown>> {
    const { stream, name, patterns, retry, deadLetter, timeout, batch } = this.#settings;
    return {
      stream,
      consumer: name,
      subjects: patterns.map(({ text }) => text),
      declare: this.#declare,
      attempts: retry.attempts,
      timeout,
      ...deadLetter !== undefined && { deadLetter },
      ...batch && { batch },
    };
  }

  open(sink: Sink, access: BrokerAccess): OpenConsumer {
    const api = JetStreamApi.of(access, this.#domain);
    const server = new ConsumerServer(api, this.#stream, this.#declare, this.#settings);
    return new OpenConsumer(sink, access, this.#settings, server);
  }
}

/** Where a consumer publishes to: the least that the server can express. */
function consumerPermissions(
  settings: ConsumerSettings,
  declare: Declare,
  domain: string | undefined,
): string[] {
  const prefix = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
  const { main, replays } = declaredConsumers(settings);
  const needs = [
    ...streamNeeds(prefix, main.stream, declare),
    ...workNeeds(prefix, main, declare),
  ];
  if (!replays) return needs;
  const { stream, name } = settings;
  const letters = deadFilter(replays.stream, stream, name);
  const deadDeclare = declare === "update" ? "create" : declare;
  return [
    ...needs,
    letters,
    ...streamNeeds(prefix, replays.stream, deadDeclare),
    ...workNeeds(prefix, replays, declare),
  ];
}

function streamNeeds(prefix: string, stream: string, declare: Declare): string[] {
  const verbs = {
    leave: [],
    verify: ["INFO"],
    create: ["INFO", "CREATE"],
    update: ["INFO", "CREATE", "UPDATE"],
  };
  return verbs[declare].map((verb) => `${prefix}.STREAM.${verb}.${stream}`);
}

function workNeeds(prefix: string, consumer: DeclaredConsumer, declare: Declare): string[] {
  const { stream, config: { name } } = consumer;
  return [
    ...consumerNeeds(prefix, consumer, declare),
    `${prefix}.CONSUMER.MSG.NEXT.${stream}.${name}`,
    `$JS.ACK.${stream}.${name}.>`,
  ];
}
