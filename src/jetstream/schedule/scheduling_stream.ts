import type { StreamConfig, StreamInfo } from "../api/api_types.ts";
import { JetStreamError, NoStreamError } from "../api/errors.ts";
import type { CallOptions, JetStreamApi } from "../api/js_api.ts";

/** How long the answer of a server holds, in milliseconds: its clock and ours drift apart by a few in that time. */
const HOLDS = 60_000;
/** By how much the date here may jump until the server is asked again: a machine that slept may have stopped its clock. */
const JUMP = 50;
/** The most streams to remember. */
const MOST = 1_024;

const known = new WeakMap<JetStreamApi, Map<string, SchedulingStream>>();

/** The answer of a server about a stream, with what it says of its clock. */
interface Answer {
  readonly config: StreamConfig;
  /** When it was asked, by our clock. */
  readonly askedAt: number;
  /** The server's time less that of our clock: at least, and at most. */
  readonly least: number;
  readonly most: number;
  /** The date here less our clock. */
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

  /** The stream of this name; one object each. */
  static of(api: JetStreamApi, name: string): SchedulingStream {
    let streams = known.get(api);
    if (!streams) known.set(api, streams = new Map());
    let found = streams.get(name);
    if (found) return found;
    if (streams.size >= MOST) streams.clear();
    streams.set(name, found = new SchedulingStream(api, name));
    return found;
  }

  /** Its configuration, as it was within the last minute. */
  async config(options: CallOptions): Promise<StreamConfig> {
    return (await this.#known(options)).config;
  }

  /** The time at the server in milliseconds since 1970, to within half a round trip. */
  async time(options: CallOptions): Promise<number> {
    const { least, most } = await this.#known(options);
    return this.api.access.clock.now() + (least + most) / 2;
  }

  /** What the time at the server is at most. */
  async latest(options: CallOptions): Promise<number> {
    const { most } = await this.#known(options);
    return this.api.access.clock.now() + most;
  }

  /** Asks again at the next use. */
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
    // a server that says no time is taken to have ours
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

/** Finds the stream that takes a subject, by what this broker has seen, or by asking the server. */
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
  // only subjects with wildcards can be in several
  throw new JetStreamError(action, `one stream must take "${subject}": ${streams!.join(", ")}`);
}
