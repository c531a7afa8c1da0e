import type { StreamConfig, StreamInfo } from "../api/api_types.ts";
import { JetStreamError, NoStreamError } from "../api/errors.ts";
import type { CallOptions, JetStreamApi } from "../api/js_api.ts";

/**
 * How long a server's answer is used, in milliseconds: in that time its clock and ours drift apart by a few milliseconds.
 */
const HOLDS = 60_000;
/**
 * How far the date of this process may jump before the server is asked again, in milliseconds: the clock of this process
 * may stop while its machine sleeps.
 */
const JUMP = 50;
/** The most streams to remember. */
const MOST = 1_024;

const known = new WeakMap<JetStreamApi, Map<string, SchedulingStream>>();

/** A server's answer about a stream, with the time by the server's clock. */
interface Answer {
  readonly config: StreamConfig;
  /** When the server was asked, by the clock of this process. */
  readonly askedAt: number;
  /** The least difference between the server's time and the clock of this process; `most` is the greatest. */
  readonly least: number;
  readonly most: number;
  /** The date of this process less its clock. */
  readonly date: number;
}

/** A stream that has schedules: its configuration, and the clock of its server. */
export class SchedulingStream {
  readonly api: JetStreamApi;
  readonly name: string;
  #answer: Answer | undefined;

  private constructor(api: JetStreamApi, name: string) {
    this.api = api;
    this.name = name;
  }

  /** The stream of this name; the same object each time. */
  static of(api: JetStreamApi, name: string): SchedulingStream {
    let streams = known.get(api);
    if (!streams) known.set(api, streams = new Map());
    let found = streams.get(name);
    if (found) return found;
    if (streams.size >= MOST) streams.clear();
    streams.set(name, found = new SchedulingStream(api, name));
    return found;
  }

  /** The configuration, at most a minute old. */
  async config(options: CallOptions): Promise<StreamConfig> {
    return (await this.#known(options)).config;
  }

  /** The time by the server's clock in milliseconds since 1970, to within half a round trip. */
  async time(options: CallOptions): Promise<number> {
    const { least, most } = await this.#known(options);
    return this.api.access.clock.now() + (least + most) / 2;
  }

  /** The latest time that the server's clock can show now, in milliseconds since 1970. */
  async latest(options: CallOptions): Promise<number> {
    const { most } = await this.#known(options);
    return this.api.access.clock.now() + most;
  }

  /** Makes the next use ask the server again. */
  forget(): void {
    this.#answer = undefined;
  }

  async #known(options: CallOptions): Promise<Answer> {
    const { clock } = this.api.access;
    const answer = this.#answer;
    const date = clock.wallTime() - clock.now();
    const holds = answer && clock.now() - answer.askedAt < HOLDS &&
      Math.abs(date - answer.date) < JUMP;
    if (holds) return answer;
    const askedAt = clock.now();
    const info = await this.api.call<StreamInfo>(`STREAM.INFO.${this.name}`, undefined, options);
    const answeredAt = clock.now();
    const time = Date.parse(info.ts ?? "");
    // for a server that does not send its time, use the time of this process
    const at = Number.isNaN(time) ? clock.wallTime() : time;
    this.api.streams.note(info.config);
    return this.#answer = {
      config: info.config,
      askedAt,
      least: at - answeredAt,
      most: at - askedAt + 1,
      date,
    };
  }
}

/** Asks the server for the stream that takes a subject. */
export async function streamTaking(
  api: JetStreamApi,
  action: string,
  subject: string,
  options: CallOptions,
): Promise<string> {
  const { streams } = await api.call<{ readonly streams?: readonly string[] | null }>(
    "STREAM.NAMES",
    { subject },
    options,
  );
  const [first, ...others] = streams ?? [];
  if (first === undefined) throw new NoStreamError(action, subject);
  if (others.length === 0) return first;
  // several streams can only match a subject with wildcards
  throw new JetStreamError(action, `one stream must take "${subject}": ${streams!.join(", ")}`);
}
