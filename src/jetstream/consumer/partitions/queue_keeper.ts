import { pause } from "../../../deadline.ts";
import { whileItStarts } from "../../api/start_patience.ts";
import type { ConsumerInfo, StreamConfig, StreamInfo } from "../../api/api_types.ts";
import { ConflictError } from "../../api/errors.ts";
import type { JetStreamApi } from "../../api/js_api.ts";
import type { Declare, DeclaredStream } from "../../stream/declare_stream.ts";
import type { ConsumerSettings } from "../consumer_settings.ts";
import { lackOf, LongRetries } from "../long_retries.ts";
import { beginningBehind, declareQueue, queueConfig } from "./declare_queue.ts";
import { CopyWatch } from "./copy_watch.ts";
import { queueOf } from "./filter.ts";
import { Progress } from "./progress.ts";

/**
 * Makes the stream of a consumer's partitions, makes it again if somebody has deleted it, and watches that the server copies
 * messages into it.
 */
export class QueueKeeper {
  readonly #api: JetStreamApi;
  readonly #settings: ConsumerSettings;
  readonly #stream: DeclaredStream;
  readonly #declare: Declare;
  readonly #report: (error: Error) => void;
  readonly #progress: Progress;
  readonly #retries: LongRetries;
  readonly #watch: CopyWatch;
  /** When the first stream was created: the numbers of another stream of its name begin anew. */
  #since: string | undefined;
  #restoring: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(
    api: JetStreamApi,
    settings: ConsumerSettings,
    stream: DeclaredStream,
    declare: Declare,
    report: (error: Error) => void,
  ) {
    this.#api = api;
    this.#settings = settings;
    this.#stream = stream;
    this.#declare = declare;
    this.#report = report;
    const lack = lackOf(settings, stream, declare);
    this.#retries = new LongRetries(api, settings, lack, report);
    this.#progress = new Progress(settings.partitions!);
    this.#watch = new CopyWatch(
      `the consumer "${settings.name}" of "${settings.stream}"`,
      report,
    );
  }

  /** Makes or checks the stream, as declared. */
  async declare(): Promise<void> {
    const origin = await whileItStarts(
      this.#api.access,
      () => declareQueue(this.#api, this.#settings, this.#stream, this.#declare),
    );
    this.#since = origin?.created;
    this.#retries.tell(this.#stream.allow_msg_schedules === true);
  }

  /** A message was delivered; `seq` is its number in the first stream. */
  delivered(partition: number, seq: number): void {
    this.#progress.delivered(partition, seq);
  }

  /** The server has said what it has of a partition. */
  looked(partition: number, { num_pending, num_ack_pending }: ConsumerInfo): void {
    if (num_pending + num_ack_pending === 0) this.#progress.emptied(partition);
  }

  /** Reports if the server copies no more; one look is enough for all partitions. */
  async lookAtCopying(): Promise<void> {
    const { stream, name } = this.#settings;
    this.#watch.look(await this.#api.call<StreamInfo>(`STREAM.INFO.${queueOf(stream, name)}`));
  }

  /**
   * Makes the stream again, for all partitions at once, so that it goes on with the first message that may not be settled.
   *
   * @throws {Error} if this process does not know which message that is
   */
  restore(): Promise<void> {
    return this.#restoring ??= this.#restore().finally(() => this.#restoring = undefined);
  }

  /** Makes nothing any more. */
  close(): void {
    this.#closing.abort();
  }

  async #restore(): Promise<void> {
    await this.#known();
    // until then a process may still handle a message that would be delivered again
    await pause(this.#api.access.clock, this.#settings.ackWait, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    const { origin, place } = await this.#known();
    await this.#make(origin, place);
  }

  /** The first stream, and the number of the first message that may not be settled. */
  async #known(): Promise<{ origin: StreamConfig; place: number }> {
    const { stream } = this.#settings;
    const { config: origin, created } = await this.#api.call<StreamInfo>(`STREAM.INFO.${stream}`);
    if (created !== this.#since) throw unknown(this.#settings, `"${stream}" was made again, too`);
    const place = this.#progress.next;
    if (place !== undefined) return { origin, place };
    throw unknown(this.#settings, "some partition has not delivered a message here yet");
  }

  async #make(origin: StreamConfig, place: number): Promise<void> {
    const queue = beginningBehind(queueConfig(this.#settings, origin), place);
    try {
      await this.#api.call<StreamInfo>(`STREAM.CREATE.${queue.name}`, queue);
    } catch (error) {
      // another process has made it, from what it knows to be settled
      if (error instanceof ConflictError) return;
      throw error;
    }
    const { stream, name } = this.#settings;
    const rule = `"${queue.name}" must not be deleted while it is used`;
    const found = `it was made again, with the messages of "${stream}" from number ${place} on`;
    this.#report(
      new Error(`Cannot go on with the consumer "${name}" of "${stream}" as ${rule}: ${found}`),
    );
  }
}

function unknown({ stream, name }: ConsumerSettings, found: string): Error {
  const rule = "this process must know which messages are settled to make its deleted stream again";
  const advice = `declare one of another name with "from" after the last message handled`;
  return new Error(
    `Cannot go on with the consumer "${name}" of "${stream}" as ${rule} (${advice}): ${found}`,
  );
}
