import { newId } from "../advisories.ts";
import { Alarm } from "../alarm.ts";
import { NANOSECONDS } from "../time.ts";
import type { Announcements } from "./announcements.ts";
import type { PullRequest } from "./pull_request.ts";
import type { ConsumerState } from "./state.ts";

/** Of those who ask only one gets messages: the one that is pinned, for as long as it goes on asking. */
export class Pin {
  /** What the pinned client is known by; empty where nobody is pinned. */
  id = "";
  /** Since when, in milliseconds since 1970. */
  since: number | undefined;
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #alarm: Alarm;
  #group = "";

  /** `lost` hears of it when the pinned client has not asked for too long. */
  constructor(state: ConsumerState, announcements: Announcements, lost: () => void) {
    this.#state = state;
    this.#announcements = announcements;
    this.#alarm = new Alarm(state.context.clock, () => {
      const group = this.#group;
      this.clear();
      announcements.unpinned(group, "timeout");
      lost();
    });
  }

  /** Pins who asks. */
  give(request: PullRequest): void {
    const group = request.priority?.group ?? "";
    if (group === "") return;
    this.id = request.pin = newId();
    this.since = this.#state.context.clock.wallTime();
    this.renew(group);
    this.#announcements.pinned(group, this.id);
  }

  /** The pinned client has asked again. */
  renew(group: string): void {
    const { config: { priority_timeout }, context: { clock } } = this.#state;
    this.#group = group;
    this.#alarm.set(clock.wallTime() + priority_timeout / NANOSECONDS);
  }

  /** Nobody is pinned. */
  clear(): void {
    this.id = "";
    this.since = undefined;
    this.#alarm.stop();
  }
}
