import { covers } from "../../door/mod.ts";
import type { ConsumerInfo, StreamConfig, StreamInfo } from "../api/api_types.ts";
import { DifferenceError, JetStreamError, NotFoundError, UnavailableError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { requireVersion } from "../api/version.ts";
import { deadStreamConfig } from "../dead/dead_letter.ts";
import { type Declare, type DeclaredStream, declareStream } from "../stream/declare_stream.ts";
import { hasOwnSubjects } from "../stream/own_subjects.ts";
import { beginningAt, sparingConfig } from "./consumer_config.ts";
import { missing, noDeadStream, noRoom, wasDeleted } from "./consumer_faults.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { declaredConsumers } from "./declared_consumers.ts";
import { giveToPartition } from "./partitions/give_back.ts";
import type { QueueKeeper } from "./partitions/queue_keeper.ts";
import { checkLost } from "./partitions/switched.ts";
import type { Held } from "./stored_delivery.ts";
import { DeadWriter } from "./dead_writer.ts";
import {
  changeOf,
  consumerInfo,
  declareConsumer,
  type DeclaredConsumer,
  madeAgain,
} from "./declare_consumer.ts";
import { GROUP, GROUP_SINCE } from "./group.ts";
import { hasOwn, lackOf, LongRetries, movesJobs } from "./long_retries.ts";
import type { SupplyKind, SupplyPlan } from "./supply.ts";

/** What stands on the server for a consumer: its stream, itself, the stream of its dead letters, who reads these. */
export class ConsumerServer {
  readonly deadWriter: DeadWriter | undefined;
  readonly retries: LongRetries;
  readonly #api: JetStreamApi;
  readonly #stream: DeclaredStream;
  readonly #declare: Declare;
  readonly #settings: ConsumerSettings;
  readonly #report: (error: Error) => void;
  /** The stream of the partitions, if this is the consumer of one. */
  readonly #queue: QueueKeeper | undefined;
  #main: DeclaredConsumer;
  readonly #replays: DeclaredConsumer | undefined;
  readonly #own: DeclaredConsumer | undefined;
  /** How each was last found to be changed. */
  readonly #changes = new Map<DeclaredConsumer, Error | undefined>();
  #isQueue: boolean;
  /** When the stream was created, as seen for each of the consumers. */
  readonly #since = new Map<SupplyKind, string>();

  constructor(
    api: JetStreamApi,
    stream: DeclaredStream,
    declare: Declare,
    settings: ConsumerSettings,
    report: (error: Error) => void,
    queue?: QueueKeeper,
  ) {
    this.#queue = queue;
    this.#api = api;
    this.#report = report;
    this.#stream = stream;
    this.#declare = declare;
    this.#settings = settings;
    const { deadLetter, deadStacks } = settings;
    const lack = lackOf(settings, stream, declare);
    const { main, replays, own } = declaredConsumers(settings, hasOwn(settings, stream, declare));
    this.#main = main;
    this.#replays = replays;
    this.#own = own;
    this.retries = new LongRetries(api, settings, lack, report);
    this.#isQueue = stream.retention === "workqueue";
    this.deadWriter = deadLetter === undefined
      ? undefined
      : new DeadWriter(api, deadLetter, deadStacks);
  }

  /** The server's consumers that this consumer takes messages from. */
  get kinds(): readonly SupplyKind[] {
    return [
      "main",
      ...this.#replays ? ["replays" as const] : [],
      ...this.#own ? ["own" as const] : [],
    ];
  }

  /** Whether the stream removes a message once it is acknowledged. */
  get isQueue(): boolean {
    return this.#isQueue;
  }

  /** How to request messages from one of the server's consumers. */
  supplyPlan(kind: SupplyKind): SupplyPlan {
    const { stream, config } = this.#declared(kind);
    const { name, ackWait, heartbeat, group, partition } = this.#settings;
    const { prefix } = this.#api;
    return {
      prefix,
      stream,
      consumer: config.name,
      of: name,
      ackWait,
      heartbeat,
      group,
      kind,
      partition,
      queue: this.#queue,
    };
  }

  /** Makes the server give the messages to another process of the group now. */
  async unpin(kind: SupplyKind): Promise<void> {
    const { stream, config } = this.#declared(kind);
    await this.#api.call(`CONSUMER.UNPIN.${stream}.${config.name}`, { group: GROUP });
  }

  /** Stores a replayed dead letter in its partition, behind the messages that wait there. */
  forward(held: Held): Promise<void> {
    return giveToPartition(this.#api, this.#settings, held);
  }

  #declared(kind: SupplyKind): DeclaredConsumer {
    return kind === "main" ? this.#main : kind === "replays" ? this.#replays! : this.#own!;
  }

  /**
   * Makes or checks the stream and its consumers, as declared. Returns the server's state of each of the `kinds`:
   * `undefined` if it was not asked, `null` if the consumer does not exist or cannot be used.
   *
   * @throws {NotFoundError} if something is missing and must not be made
   * @throws {DifferenceError} if something differs and must not or cannot be changed
   */
  async declare(): Promise<(ConsumerInfo | undefined | null)[]> {
    const isScheduled = this.#stream.allow_msg_schedules === true;
    if (this.#declare === "leave") {
      this.retries.tell(isScheduled);
      return [];
    }
    this.#checkVersion();
    const stream = await declareStream(this.#api, this.#stream, this.#declare);
    for (const kind of this.kinds) this.#since.set(kind, stream.created);
    this.#isQueue = stream.config.retention === "workqueue";
    this.#main = { ...this.#main, sparing: sparingConfig(this.#main.config, stream.config) };
    const check = () => checkLost(this.#api, this.#settings);
    const infos: (ConsumerInfo | undefined | null)[] = [
      await declareConsumer(this.#api, this.#main, this.#declare, check),
    ];
    const replays = this.#replays;
    if (replays) {
      await this.#declareDead(replays.stream, stream);
      infos.push(await this.#declareReplays(replays));
    }
    if (this.#own) infos.push(await this.#declareOwn(this.#own, stream.config));
    else await this.retries.tellLeft(stream.config);
    this.retries.tell(isScheduled);
    return infos;
  }

  /**
   * The consumer is gone, or has no leader: makes it again where the declaration says so, so that it goes on at `next`.
   * Returns whether another stream has the name now.
   *
   * @throws {NotFoundError} if it is gone and is not to be made, or its stream is gone
   */
  async restore(
    kind: SupplyKind,
    next: number | undefined,
  ): Promise<boolean> {
    const declared = this.#declared(kind);
    const { stream, config } = declared;
    try {
      if (this.#declare === "leave") throw new NotFoundError("use a consumer", "consumer");
      await this.#api.call<ConsumerInfo>(`CONSUMER.INFO.${stream}.${config.name}`);
      return false;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      const isQueue = this.#queue !== undefined && kind === "main" && error.kind === "stream";
      if (!this.#isMade || !(isQueue || error.kind === "consumer")) throw missing(declared, error);
      if (isQueue) await this.#queue!.restore();
    }
    const { created: since, config: { retention } } = await this.#api.call<StreamInfo>(
      `STREAM.INFO.${stream}`,
    );
    // the numbers of another stream of the same name begin anew
    const isReplay = kind === "replays";
    const isAnother = !isReplay && since !== this.#since.get(kind);
    if (isAnother) this.#since.set(kind, since);
    // what a work queue has is not done, and it takes no consumer that begins elsewhere
    const isQueue = retention === "workqueue";
    const place = isReplay || isAnother || isQueue ? undefined : next;
    const wanted = declared.sparing ?? config;
    const again = place === undefined ? wanted : beginningAt(wanted, place);
    const isOurs = await madeAgain(this.#api, { stream, config: { ...again, name: config.name } });
    // of a stream that was made again was told already
    const isTold = isAnother && this.#queue !== undefined;
    if (isOurs && !isTold) this.#report(wasDeleted(declared, place));
    return isAnother;
  }

  /** An older server ignores the group and gives the messages to all processes. */
  #checkVersion(): void {
    const { name, group } = this.#settings;
    if (!group) return;
    const action = `declare the consumer "${name}"`;
    requireVersion(this.#api, action, GROUP_SINCE[group.kind], `"group"`);
  }

  get #isMade(): boolean {
    return this.#declare === "create" || this.#declare === "update";
  }

  /**
   * Asks what the server has of a consumer, and reports each change of it by somebody else; `undefined` where that must
   * not be asked.
   */
  async look(kind: SupplyKind): Promise<ConsumerInfo | undefined> {
    if (this.#declare === "leave") return undefined;
    const declared = this.#declared(kind);
    const partition = kind === "main" ? this.#settings.partition : undefined;
    if (partition?.number === 0) await this.#queue?.lookAtCopying();
    const info = await consumerInfo(this.#api, declared);
    if (partition) this.#queue?.looked(partition.number, info);
    const changed = changeOf(declared, info);
    if (changed?.message !== this.#changes.get(declared)?.message) {
      this.#changes.set(declared, changed);
      if (changed) this.#report(changed);
    }
    return info;
  }

  async #declareDead(name: string, { config: { num_replicas } }: StreamInfo): Promise<void> {
    const subject = `${name}.>`;
    let found: StreamInfo;
    try {
      found = await this.#api.call<StreamInfo>(`STREAM.INFO.${name}`);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      if (this.#declare === "verify") throw noDeadStream(this.#settings, name, error);
      await declareStream(this.#api, deadStreamConfig(name, num_replicas), "create");
      return;
    }
    const { subjects = [] } = found.config;
    if (subjects.some((each) => covers(each, subject))) return;
    const difference = {
      field: "subjects",
      declared: [subject],
      found: subjects,
      changeable: true,
    };
    throw new DifferenceError(`stream "${name}" for dead letters`, [difference]);
  }

  /** Without the consumer that reads them, nothing can be given back; everything else works. */
  async #declareReplays(
    replays: DeclaredConsumer,
  ): Promise<ConsumerInfo | undefined> {
    try {
      return await declareConsumer(this.#api, replays, this.#declare);
    } catch (error) {
      if (this.#declare !== "verify" || !(error instanceof NotFoundError)) throw error;
      this.#report(missing(replays, error));
    }
  }

  /**
   * Declares the consumer of the own messages. Without it, or without their subjects in the stream, the server holds the
   * waiting messages.
   */
  async #declareOwn(own: DeclaredConsumer, stream: StreamConfig): Promise<ConsumerInfo | null> {
    const isNeeded = movesJobs(this.#settings);
    const lack = (rule?: string) =>
      this.retries.found(stream, rule ?? lackOf(this.#settings, stream, this.#declare));
    lack();
    if (!hasOwnSubjects(stream)) {
      if (isNeeded) throw noRoom(this.#settings, stream);
      return null;
    }
    try {
      return await declareConsumer(this.#api, own, this.#declare) ?? null;
    } catch (error) {
      const isWorse = error instanceof DifferenceError || error instanceof UnavailableError;
      if (isNeeded || isWorse || !(error instanceof JetStreamError)) throw error;
      lack(`its second consumer must exist (${error.message})`);
      return null;
    }
  }
}
