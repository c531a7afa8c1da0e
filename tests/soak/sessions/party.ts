import {
  type BrokerOptions,
  NatsBroker,
  NoRespondersError,
  type OpenSessionOptions,
  type Session,
} from "@signalbox/nats";
import { delay } from "../../support/delay.ts";
import { within } from "../../support/within.ts";
import { Conversation, type Report } from "./conversation.ts";
import type { Side } from "./frame.ts";
import { Pace, Progress } from "./pace.ts";
import type { Plan } from "./plan.ts";

const OPTIONS: BrokerOptions = {
  ...(Deno.env.has("SESSIONS_LOG") ? {} : { logger: false }),
  reconnect: { minDelay: 20, maxDelay: 100 },
};

// What is not done by then is not done by itself.
const STOP = { timeout: 1_000 };

/** So many attempts, 50 ms apart, until the cluster has told all its nodes. */
const OPENINGS = 100;

/** Windows of those who open: the smallest has room for less than one split frame, the largest for all. */
const WINDOWS = [2, 8, 64, 1_024];

/** One broker with its ends of all sessions. */
export class Party implements AsyncDisposable {
  readonly progress = new Progress();
  readonly #broker: NatsBroker;
  readonly #side: Side;
  readonly #plan: Plan;
  readonly #pace = new Pace();
  readonly #conversations: Conversation[] = [];
  #disconnects = 0;

  private constructor(side: Side, servers: readonly string[], plan: Plan) {
    this.#side = side;
    this.#plan = plan;
    this.#broker = new NatsBroker(servers, { ...OPTIONS, name: side });
    void this.#countDisconnects();
  }

  /** Serves the sessions of whoever opens them. */
  static async serve(servers: readonly string[], plan: Plan): Promise<Party> {
    const party = new Party("service", servers, plan);
    const { resumeTimeout, keepAlive } = plan;
    const options = { resumeTimeout, keepAlive, window: { messages: 32 } };
    party.#broker.session("chaos.{number}", options, async (session) => {
      await party.#converse(session, Number(session.params.number)).talked;
    });
    await party.#ready(party.#broker.start());
    return party;
  }

  /** Opens all sessions. */
  static async open(servers: readonly string[], plan: Plan): Promise<Party> {
    const party = new Party("client", servers, plan);
    await party.#ready(party.#openAll());
    return party;
  }

  /** How often its connection was lost. */
  get disconnects(): number {
    return this.#disconnects;
  }

  /** Lets every session send its frames below `limit`. */
  allow(limit: number): void {
    this.#pace.open(limit);
  }

  /** What all sessions saw, once they have ended or the time is over. */
  async reports(bound: number): Promise<readonly Report[]> {
    const all = Promise.all(this.#conversations.map(({ done }) => done));
    await within("every session must end", all, bound).catch(() => {});
    const reports = this.#conversations.map(({ report }) => report);
    for (const conversation of this.#conversations) conversation.leave();
    return reports;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pace.open(Infinity);
    await this.#broker.stop(STOP);
  }

  async #openAll(): Promise<void> {
    await this.#broker.start();
    const { sessions, resumeTimeout, keepAlive } = this.#plan;
    const opening = Array.from({ length: sessions }, async (_, number) => {
      const window = { messages: WINDOWS[number % WINDOWS.length]! };
      const options = { resumeTimeout, keepAlive, window };
      const session = await this.#open(`chaos.${number}`, options);
      this.#converse(session, number);
    });
    await Promise.all(opening);
  }

  /** The other nodes of a cluster learn of a subscription a moment after the one it was made on. */
  async #open(subject: string, options: OpenSessionOptions): Promise<Session> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#broker.openSession(subject, undefined, options);
      } catch (error) {
        if (!(error instanceof NoRespondersError) || attempt === OPENINGS) throw error;
        await delay(50);
      }
    }
  }

  #converse(session: Session, number: number): Conversation {
    const place = {
      side: this.#side,
      number,
      plan: this.#plan,
      pace: this.#pace,
      progress: this.progress,
    };
    const conversation = new Conversation(session, place);
    this.#conversations.push(conversation);
    return conversation;
  }

  async #ready(begun: Promise<void>): Promise<void> {
    try {
      await begun;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #countDisconnects(): Promise<void> {
    for await (const { type } of this.#broker.events()) {
      if (type === "disconnected") this.#disconnects++;
    }
  }
}
