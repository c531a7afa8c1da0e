import type { Clock } from "../clock.ts";
import type { Connection, Interest } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import { newToken } from "../inbox/token.ts";
import { encodeBody } from "../message/codec.ts";
import { encodeHeaders } from "../message/header_block.ts";
import { ReceivedMessage } from "../message/message.ts";
import type { Packet } from "../message/packet.ts";
import { RefusedReplies } from "../replies/refused_replies.ts";
import type { ReplyAddresses } from "../replies/reply_addresses.ts";
import { answerTo, subjectsOf, type Verb, VERBS } from "./descriptions.ts";
import type { Endpoint } from "./endpoint.ts";
import { type ServiceOptions, type ServiceSettings, serviceSettings } from "./service_options.ts";

/** What a service runs in. */
export interface ServiceSurroundings {
  readonly clock: Clock;
  readonly connection: Pick<Connection, "publish" | "subscribe" | "hasHeaders" | "room">;
  readonly feed: Pick<EventFeed, "listen" | "emit">;
  /** Where answers may go. */
  readonly addresses: Pick<ReplyAddresses, "permits">;
}

/**
 * Answers whoever looks for services, on `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS` (ADR-32). A server that does
 * not permit these subjects keeps the service from being found and from nothing else; the connection tells of it.
 */
export class Service {
  readonly #connection: ServiceSurroundings["connection"];
  readonly #feed: ServiceSurroundings["feed"];
  readonly #addresses: ServiceSurroundings["addresses"];
  readonly #refused: RefusedReplies;
  readonly #settings: ServiceSettings;
  readonly #endpoints: () => readonly Endpoint[];
  readonly #interests = new Map<string, Interest>();
  /** Those of them that the server has refused. */
  readonly #forbidden = new Set<Interest>();
  /** What was answered in this turn. */
  readonly #answers = new Map<Verb, Uint8Array>();
  /** How many questions have not been answered, as the socket was behind. */
  #dropped = 0;
  readonly #clock: Clock;
  #started: number;

  /**
   * Makes a service that nobody finds before it listens; `endpoints` is asked whenever somebody wants to know.
   *
   * @throws {TypeError} naming the option that is missing, unknown or wrong
   */
  constructor(
    { clock, connection, feed, addresses }: ServiceSurroundings,
    options: ServiceOptions,
    endpoints: () => readonly Endpoint[],
  ) {
    this.#connection = connection;
    this.#feed = feed;
    this.#clock = clock;
    this.#started = clock.wallTime();
    this.#addresses = addresses;
    this.#refused = new RefusedReplies(feed, "$SRV.>");
    this.#settings = serviceSettings(options);
    this.#endpoints = endpoints;
    // subscriptions go with the connection; the next one has to be told again
    feed.listen(({ type }) => {
      if (type !== "closed") return;
      this.#interests.clear();
      this.#forbidden.clear();
    });
  }

  /** What tells this instance from the others. */
  get id(): string {
    return this.#settings.id;
  }

  /** When it began to listen, or was reset, as ISO text in UTC. */
  get started(): string {
    return new Date(this.#started).toISOString();
  }

  /**
   * Subscribes to the nine subjects, whatever of them is not; the server has them once the connection is flushed.
   * After it has left, it counts from nothing again.
   *
   * @throws {ConnectionError} if the broker is not connected
   */
  listen(): void {
    if (this.#interests.size === 0) this.reset();
    const { name, id } = this.#settings;
    for (const verb of VERBS) {
      for (const subject of subjectsOf(verb, name, id)) this.#subscribe(subject, verb);
    }
  }

  /** Takes in no more questions, and resolves once the ones on their way are answered. */
  async leave(): Promise<void> {
    const interests = [...this.#interests.values()];
    this.#interests.clear();
    this.#forbidden.clear();
    await Promise.all(interests.map((interest) => interest.drain()));
  }

  /** Counts from nothing again, as if it had just started. */
  reset(): void {
    for (const { stats } of this.#endpoints()) stats.reset();
    this.#started = this.#clock.wallTime();
  }

  #subscribe(subject: string, verb: Verb): void {
    const before = this.#interests.get(subject);
    if (before && !this.#forbidden.delete(before)) return;
    before?.unsubscribe();
    const interest = this.#connection.subscribe(subject, {
      comesBack: true,
      take: (packet) => this.#answer(verb, packet),
      refused: () => {
        if (this.#interests.get(subject) === interest) this.#forbidden.add(interest);
      },
      restored: () => void this.#forbidden.delete(interest),
    });
    this.#interests.set(subject, interest);
  }

  /**
   * Names the question's correlation id, or one of its own: whoever has seen an open address of reply may ask for an answer
   * there, and it must not be taken for the answer to what was asked from there.
   */
  #answer(verb: Verb, question: Packet): void {
    const { replyTo } = question;
    if (!replyTo) return;
    if (!this.#addresses.permits(question)) return this.#refused.report(question);
    if (this.#connection.room()) return this.#drop(question);
    const correlationId = new ReceivedMessage(question).correlationId ?? newToken();
    const own = { contentType: undefined, correlationId, timeLeft: undefined };
    const headerBlock = this.#connection.hasHeaders ? encodeHeaders(own, undefined) : undefined;
    const data = this.#made(verb);
    this.#connection.publish({ subject: replyTo, replyTo: "", data, headerBlock, isAwaited: true });
  }

  /** Answers are many times as long as questions: while the socket is behind, there are none. */
  #drop({ subject }: Packet): void {
    this.#feed.emit({ type: "slowConsumer", subject, dropped: ++this.#dropped });
  }

  /** The same for all questions that are read at once: of many endpoints it is long, and a flood must cost little. */
  #made(verb: Verb): Uint8Array {
    const made = this.#answers.get(verb);
    if (made) return made;
    const settings = this.#settings;
    const facts = { settings, endpoints: this.#endpoints(), started: this.started };
    const { data } = encodeBody(answerTo(verb, facts));
    if (this.#answers.size === 0) queueMicrotask(() => this.#answers.clear());
    this.#answers.set(verb, data);
    return data;
  }
}
