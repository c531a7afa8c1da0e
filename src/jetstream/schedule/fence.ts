import { within } from "../../deadline.ts";
import { newToken } from "../../door/mod.ts";
import { JetStreamError } from "../api/errors.ts";
import { publishStored } from "../publish/publish_stored.ts";
import { endedSubject, probeSubject } from "../stream/own_subjects.ts";
import { readSlot } from "./slot.ts";
import type { SchedulingStream } from "./scheduling_stream.ts";

/** How long a probe may take, in milliseconds. */
const TIMEOUT = 20_000;
/**
 * Waits between two looks, in milliseconds: nats-server fires a due schedule after 250 ms at the earliest, and the embedded
 * server at once.
 */
const LOOKS = [5, 250, 15, 30, 60, 120];

const known = new WeakMap<SchedulingStream, Fence>();

/**
 * Waits until a stream has stored the messages of all schedules that the server had already picked up. In each round the
 * server takes the due schedules out of its list, and then stores their messages one by one. So a schedule that is
 * cancelled or replaced during a round may still fire. Rounds never overlap: once a probe has fired, which is a schedule
 * that is stored later and due at once, all earlier rounds are over. All callers that wait for the same round share one
 * probe.
 */
export class Fence {
  readonly #stream: SchedulingStream;
  readonly #subject: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(stream: SchedulingStream) {
    this.#stream = stream;
    this.#subject = probeSubject(stream.name, newToken());
  }

  /** The fence of a stream. */
  static of(stream: SchedulingStream): Fence {
    let fence = known.get(stream);
    if (!fence) known.set(stream, fence = new Fence(stream));
    return fence;
  }

  /**
   * Resolves once no schedule that was removed from the stream before this call can fire any more.
   *
   * @throws {TimeoutError} if this takes longer than `timeout`
   */
  async pass(action: string, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#stream.api.access;
    // the running probe may have been sent before this call, so it proves nothing for this call
    this.#next ??= (this.#running ?? Promise.resolve()).catch(() => {}).then(() => this.#start());
    await within(this.#next, { clock, timeout, signal }, action);
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#running = this.#probe();
    const end = () => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(end, end);
    return running;
  }

  async #probe(): Promise<void> {
    const { api, name } = this.#stream;
    const { clock } = api.access;
    const until = clock.now() + TIMEOUT;
    const action = `ask the stream "${name}" whether a schedule has fired`;
    await publishStored(api, this.#subject, new Uint8Array(), {
      action,
      timeout: TIMEOUT,
      window: TIMEOUT,
      headers: [
        // a time in the past, so that the probe is due at once
        ["Nats-Schedule", "@at 2000-01-01T00:00:00Z"],
        ["Nats-Schedule-Target", endedSubject(name)],
        ["Nats-Schedule-Rollup", "sub"],
        ["Nats-Expected-Stream", name],
      ],
    });
    for (let times = 0;; times++) {
      // in real time even if a test moves the time, because the server needs a moment to fire the probe
      await clock.inRealTime(LOOKS[times] ?? LOOKS.at(-1)!);
      const timeout = Math.max(1, until - clock.now());
      if (await readSlot(this.#stream, this.#subject, { timeout }) === undefined) return;
      if (clock.now() < until) continue;
      throw new JetStreamError(
        action,
        `a schedule that is due must fire within ${TIMEOUT} ms: the probe has not`,
      );
    }
  }
}
