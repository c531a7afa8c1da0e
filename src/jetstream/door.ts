import type { BrokerAccess, Door, NatsBroker, Needs } from "../door/mod.ts";
import { covers, Pattern, register } from "../door/mod.ts";
import { JetStreamApi } from "./api/js_api.ts";
import { whileItStarts } from "./api/start_patience.ts";
import { openIngests } from "./ingest/open_ingest.ts";
import type { PublishCounts } from "./publish/program_publisher.ts";
import { Publications } from "./publish/publications.ts";
import { openReads } from "./read/open_reads.ts";
import { declareNeeds, declareStream } from "./stream/declare_stream.ts";
import { declaredConfig, type Stream } from "./stream/stream.ts";

const doors = new WeakMap<NatsBroker, JetStreamDoor>();

/** What JetStream does with one broker: streams declared at start, publishers, permissions, description, counts. */
export class JetStreamDoor implements Door {
  readonly name = "jetstream";
  readonly counts: PublishCounts = {
    published: 0,
    duplicates: 0,
    conflicts: 0,
    failed: 0,
    unknown: 0,
  };
  #access: BrokerAccess | undefined;
  readonly #streams = new Map<string, Stream>();
  /** By their patterns, as wildcards: a program may make the same publisher again and again. */
  readonly #published = new Map<string, string>();
  /** What else the door's own methods need, such as reading. */
  readonly #needs = new Set<string>();
  #isStarted = false;

  private constructor() {}

  /** The door of a broker. */
  static of(broker: NatsBroker): JetStreamDoor {
    let door = doors.get(broker);
    if (!door) {
      door = new JetStreamDoor();
      door.#access = register(broker, door);
      doors.set(broker, door);
    }
    return door;
  }

  /** What the broker lends. */
  get access(): BrokerAccess {
    return this.#access!;
  }

  /** Declares a stream at start; now, if the broker has started. */
  addStream(stream: Stream): void {
    declaredConfig("use a stream", stream);
    const key = `${stream.domain ?? ""} ${stream.name}`;
    if (this.#streams.get(key) === stream) return;
    this.#streams.set(key, stream);
    if (this.#isStarted) this.#declare(stream).catch((error) => this.access.report(error));
  }

  /** The stream declared through the broker that takes a subject. */
  streamTaking(subject: string, domain: string | undefined): Stream | undefined {
    return [...this.#streams.values()].find((stream) =>
      stream.domain === domain &&
      stream.subjects.some((one) => covers(new Pattern(one).subject, subject))
    );
  }

  /** Notes where a publisher sends to. */
  addPublisher(pattern: string, subject: string): void {
    this.#published.set(subject, pattern);
  }

  /** Notes where a method publishes to, for `broker.permissions()`. */
  addNeeds(...subjects: readonly string[]): void {
    for (const subject of subjects) this.#needs.add(subject);
  }

  get needs(): Needs {
    const declaring = [...this.#streams.values()].flatMap(({ name, declare, domain }) =>
      declareNeeds(JetStreamApi.of(this.access, domain), name, declare)
    );
    return { publish: [...declaring, ...this.#published.keys(), ...this.#needs] };
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    for (const stream of [...this.#streams.values()]) {
      await whileItStarts(this.access, () => this.#declare(stream));
    }
  }

  /** Ends all reads, waits until all ingests have stored their items, and waits for the answers to all publications. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    await openReads(this.access).stop();
    await openIngests(this.access).stop();
    await Publications.of(JetStreamApi.of(this.access)).idle();
  }

  /** No consumer of a read is left on the server. */
  async leave(): Promise<void> {
    await openReads(this.access).end();
  }

  describe(): Readonly<Record<string, unknown>> {
    const streams = [...this.#streams.values()].map(({ name, subjects, declare, domain }) => ({
      name,
      subjects,
      declare,
      ...domain !== undefined && { domain },
    }));
    return { streams, publishers: [...this.#published.values()] };
  }

  stats(): Readonly<Record<string, number>> {
    const { count: pending } = Publications.of(JetStreamApi.of(this.access));
    return { ...this.counts, pending, reads: openReads(this.access).size };
  }

  async #declare(stream: Stream): Promise<void> {
    const api = JetStreamApi.of(this.access, stream.domain);
    await declareStream(api, declaredConfig("declare a stream", stream), stream.declare);
  }
}
