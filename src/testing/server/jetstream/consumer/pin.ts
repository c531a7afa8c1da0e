import { newId } from "../advisories.ts";
import { Alarm } from "../alarm.ts";
import { NANOSECONDS } from "../time.ts";
import type { Announcements } from "./announcements.ts";
import type { PullRequest } from "./pull_request.ts";
import type { ConsumerState } from "./state.ts";

/** Pins one client: only its pull requests receive messages, as long as it keeps sending them. */
export class Pin {
  /** The id of the pinned client; empty if none is pinned. */
  id = "";
  /** When it was pinned, in milliseconds since 1970. */
  since: number | undefined;
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #alarm: Alarm;
  #group = "";

  /** Calls `lost` when the pinned client has sent no pull request for too long. */
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

  /** Pins the client of this request. */
  give(request: PullRequest): void {
    const group = request.priority?.group ?? "";
    if (group === "") return;
    this.id = request.pin = newId();
    this.since = this.#state.context.clock.wallTime();
    this.renew(group);
    this.#announcements.pinned(group, this.id);
  }

  /** Extends the pin after another request of the pinned client. */
  renew(group: string): void {
    const { config: { priority_timeout }, context: { clock } } = this.#state;
    this.#group = group;
    this.#alarm.set(clock.wallTime() + priority_timeout / NANOSECONDS);
  }

  /** Unpins the client. */
  clear(): void {
    this.id = "";
    this.since = undefined;
    this.#alarm.stop();
  }
}
