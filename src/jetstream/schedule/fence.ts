import { within } from "../../deadline.ts";
import { newToken } from "../../door/mod.ts";
import { JetStreamError } from "../api/errors.ts";
import { publishStored } from "../publish/publish_stored.ts";
import { endedSubject, probeSubject } from "../stream/own_subjects.ts";
import { readSlot } from "./slot.ts";
import type { SchedulingStream } from "./scheduling_stream.ts";

/** How long a probe may take, in milliseconds. */
const TIMEOUT = 20_000;
/** When to look, in milliseconds after the last time: nats-server waits 250 ms at least, and the embedded server none. */
const LOOKS = [5, 250, 15, 30, 60, 120];

const known = new WeakMap<SchedulingStream, Fence>();

/**
 * Waits until a stream has stored all that it took from its schedules so far. A server takes schedules that are due out of
 * its list, and stores what they give one by one after that; so a schedule that was cancelled or replaced meanwhile may
 * fire all the same. It does one such round after the other: once a probe has fired, which is a schedule that was stored
 * later, all rounds from before are over. One probe serves all who wait for the same round.
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

  /** The one of a stream. */
  static of(stream: SchedulingStream): Fence {
    let fence = known.get(stream);
    if (!fence) known.set(stream, fence = new Fence(stream));
    return fence;
  }

  /**
   * Resolves once nothing can come any more of what was removed from the stream's schedules before the call.
   *
   * @throws {TimeoutError} if that takes longer
   */
  async pass(action: string, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#stream.api.access;
    // what runs now may have been sent before this call
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
        // it is long due
        ["Nats-Schedule", "@at 2000-01-01T00:00:00Z"],
        ["Nats-Schedule-Target", endedSubject(name)],
        ["Nats-Schedule-Rollup", "sub"],
        ["Nats-Expected-Stream", name],
      ],
    });
    for (let times = 0;; times++) {
      // in real time, as the probe is due at once
      await clock.inRealTime(LOOKS[times] ?? LOOKS.at(-1)!);
      const timeout = Math.max(1, until - clock.now());
      if (await readSlot(this.#stream, this.#subject, { timeout }) === undefined) return;
      if (clock.now() < until) continue;
      throw new JetStreamError(
        action,
        `its schedules must fire within ${TIMEOUT} ms: one that is due has not`,
      );
    }
  }
}
