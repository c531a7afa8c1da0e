import { covers } from "../../door/mod.ts";
import { asError } from "../../legible.ts";
import type { ConsumerInfo, StreamInfo } from "../api/api_types.ts";
import { DifferenceError, NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { requireVersion } from "../api/version.ts";
import { deadStreamConfig } from "../dead/dead_letter.ts";
import { type Declare, type DeclaredStream, declareStream } from "../stream/declare_stream.ts";
import {
  beginningAt,
  consumerConfig,
  replayConfig,
  replayName,
  sparingConfig,
} from "./consumer_config.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { DeadWriter } from "./dead_writer.ts";
import {
  changeOf,
  consumerInfo,
  declareConsumer,
  type DeclaredConsumer,
  madeAgain,
} from "./declare_consumer.ts";
import { GROUP, GROUP_SINCE } from "./group.ts";
import type { SupplyPlan } from "./supply.ts";

/** What stands on the server for a consumer: its stream, itself, the stream of its dead letters, who reads these. */
export class ConsumerServer {
  readonly deadWriter: DeadWriter | undefined;
  readonly #api: JetStreamApi;
  readonly #stream: DeclaredStream;
  readonly #declare: Declare;
  readonly #settings: ConsumerSettings;
  #main: DeclaredConsumer;
  readonly #replays: DeclaredConsumer | undefined;
  /** How each was last found to be changed. */
  readonly #changes = new Map<DeclaredConsumer, Error | undefined>();
  #isQueue: boolean;
  /** When the stream was made. */
  #since: string | undefined;

  constructor(
    api: JetStreamApi,
    stream: DeclaredStream,
    declare: Declare,
    settings: ConsumerSettings,
  ) {
    this.#api = api;
    this.#stream = stream;
    this.#declare = declare;
    this.#settings = settings;
    const { deadLetter, deadStacks } = settings;
    const { main, replays } = declaredConsumers(settings);
    this.#main = main;
    this.#replays = replays;
    this.#isQueue = stream.retention === "workqueue";
    this.deadWriter = deadLetter === undefined
      ? undefined
      : new DeadWriter(api, deadLetter, deadStacks);
  }

  /** Whether dead letters can be given back. */
  get hasReplays(): boolean {
    return this.#replays !== undefined;
  }

  /** Whether what is acknowledged is gone from the stream. */
  get isQueue(): boolean {
    return this.#isQueue;
  }

  /** How the consumer is asked, or the one of dead letters that are given back. */
  supplyPlan(isReplay: boolean): SupplyPlan {
    const { stream, config } = isReplay ? this.#replays! : this.#main;
    const { ackWait, heartbeat, group } = this.#settings;
    const { prefix } = this.#api;
    return { prefix, stream, consumer: config.name, ackWait, heartbeat, group, isReplay };
  }

  /** Has the server give the messages to another process of the group now. */
  async unpin(isReplay: boolean): Promise<void> {
    const { stream, config } = isReplay ? this.#replays! : this.#main;
    await this.#api.call(`CONSUMER.UNPIN.${stream}.${config.name}`, { group: GROUP });
  }

  /**
   * Has all of it be as declared; returns what the server has of both consumers, as far as it was asked.
   *
   * @throws {NotFoundError} for what is missing and is not to be made
   * @throws {DifferenceError} for what differs and is not to be changed, or cannot be
   */
  async declare(report: (error: Error) => void): Promise<(ConsumerInfo | undefined)[]> {
    if (this.#declare === "leave") return [];
    this.#checkVersion();
    const stream = await declareStream(this.#api, this.#stream, this.#declare);
    this.#since = stream.created;
    this.#isQueue = stream.config.retention === "workqueue";
    this.#main = { ...this.#main, sparing: sparingConfig(this.#main.config, stream.config) };
    const main = await declareConsumer(this.#api, this.#main, this.#declare);
    const replays = this.#replays;
    if (!replays) return [main];
    await this.#declareDead(replays.stream, stream);
    return [main, await this.#declareReplays(replays, report)];
  }

  /**
   * The consumer is gone, or has no leader: makes it again where the declaration says so, so that it goes on at `next`.
   * Returns whether another stream has the name now.
   *
   * @throws {NotFoundError} if it is gone and is not to be made, or its stream is gone
   */
  async restore(
    isReplay: boolean,
    next: number | undefined,
    report: (error: Error) => void,
  ): Promise<boolean> {
    const declared = isReplay ? this.#replays! : this.#main;
    const { stream, config } = declared;
    try {
      if (this.#declare === "leave") throw new NotFoundError("use a consumer", "consumer");
      await this.#api.call<ConsumerInfo>(`CONSUMER.INFO.${stream}.${config.name}`);
      return false;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      if (!this.#isMade || error.kind !== "consumer") throw missing(declared, error);
    }
    const { created: since, config: { retention } } = await this.#api.call<StreamInfo>(
      `STREAM.INFO.${stream}`,
    );
    // the numbers of another stream of the same name begin anew
    const isAnother = !isReplay && since !== this.#since;
    if (isAnother) this.#since = since;
    // what a work queue has is not done, and it takes no consumer that begins elsewhere
    const isQueue = retention === "workqueue";
    const place = isReplay || isAnother || isQueue ? undefined : next;
    const wanted = declared.sparing ?? config;
    const again = place === undefined ? wanted : beginningAt(wanted, place);
    const isOurs = await madeAgain(this.#api, { stream, config: { ...again, name: config.name } });
    if (isOurs) report(wasDeleted(declared, place));
    return isAnother;
  }

  /** An older server would give the messages to all. */
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
  async look(
    isReplay: boolean,
    report: (error: Error) => void,
  ): Promise<ConsumerInfo | undefined> {
    if (this.#declare === "leave") return undefined;
    const declared = isReplay ? this.#replays! : this.#main;
    const info = await consumerInfo(this.#api, declared);
    const changed = changeOf(declared, info);
    if (changed?.message !== this.#changes.get(declared)?.message) {
      this.#changes.set(declared, changed);
      if (changed) report(changed);
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
      return void await declareStream(this.#api, deadStreamConfig(name, num_replicas), "create");
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
    report: (error: Error) => void,
  ): Promise<ConsumerInfo | undefined> {
    try {
      return await declareConsumer(this.#api, replays, this.#declare);
    } catch (error) {
      if (this.#declare !== "verify" || !(error instanceof NotFoundError)) throw error;
      report(missing(replays, error));
    }
  }
}

/** Both consumers of the server; without dead letters there is only one. */
export function declaredConsumers(settings: ConsumerSettings): {
  readonly main: DeclaredConsumer;
  readonly replays: DeclaredConsumer | undefined;
} {
  const { stream, name, deadLetter: dead } = settings;
  return {
    main: { stream, config: { ...consumerConfig(settings), name } },
    replays: dead === undefined ? undefined : {
      stream: dead,
      config: { ...replayConfig(settings, dead), name: replayName(settings) },
    },
  };
}

function missing({ stream, config: { name } }: DeclaredConsumer, cause: Error): Error {
  const rule = `it must exist: there is no consumer "${name}" of "${stream}"`;
  return new Error(`Cannot take messages as ${rule}`, { cause: asError(cause) });
}

function wasDeleted(
  { stream, config: { name } }: DeclaredConsumer,
  next: number | undefined,
): Error {
  const place = next === undefined ? "its beginning" : `number ${next}`;
  const rule = `it must not be deleted while it is used: it was made again, from ${place} on`;
  return new Error(`Cannot go on with the consumer "${name}" of "${stream}" as ${rule}`);
}

function noDeadStream({ name }: ConsumerSettings, dead: string, cause: Error): Error {
  const rule = `the stream of its dead letters must exist: "${dead}" (or say deadLetter: false)`;
  return new Error(`Cannot use the consumer "${name}" as ${rule}`, { cause });
}
