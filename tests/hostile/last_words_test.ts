import type { LinkEnd, NatsBroker, Session } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { within } from "../support/within.ts";
import { withBystander } from "./bystander.ts";

/** How one side comes to its end. */
type Word = (session: Session) => unknown;

interface Told {
  readonly opened: LinkEnd;
  readonly served: LinkEnd;
  /** Whether the opener's `end()` was refused. */
  readonly isRefused: boolean;
}

/** A client and a service with one session handler, which answers one body and has its last word when it is told to. */
class Stage {
  readonly client: NatsBroker;
  readonly service: NatsBroker;
  #serve: (session: Session) => unknown = () => {};

  constructor(at: Backend) {
    this.client = at.broker();
    this.service = at.broker();
    this.service.session("svc.talk", (session) => this.#serve(session));
    this.service.subscriber("svc.ask", ({ body }) => body);
  }

  async start(): Promise<void> {
    await this.service.start();
    await this.client.connect();
  }

  /** One session: both have said something and read it, and then each has its last word after so many milliseconds. */
  async play(ours: Word, theirs: Word, after: readonly [number, number]): Promise<Told> {
    const served = Promise.withResolvers<Session>();
    this.#serve = async (session) => {
      served.resolve(session);
      await session.next();
      await session.send("answer");
      await pause(after[1]);
      await theirs(session);
    };
    const opened = await this.client.openSession("svc.talk");
    await opened.send("question");
    // a handler that aborts at once may take its answer back
    await opened.next().catch(() => {});
    await pause(after[0]);
    let isRefused = false;
    try {
      await ours(opened);
    } catch {
      isRefused = true;
    }
    const ends = Promise.all([opened.closed, (await served.promise).closed]);
    const [here, there] = await within("both must be told", ends, 10_000);
    return { opened: here, served: there, isRefused };
  }
}

/** Less than a turn of the event loop, or so many milliseconds. */
async function pause(milliseconds: number): Promise<void> {
  if (milliseconds >= 1) return await delay(milliseconds);
  for (let turn = 0; turn < milliseconds * 100; turn++) await undefined;
}

const WORDS: Readonly<Record<string, Word>> = {
  "end()": (session) => session.end(),
  "close()": (session) => session.close(),
  "abort()": (session) => session.abort("enough"),
  "a loop that is left": (session) => session[Symbol.asyncIterator]().return!(),
};
/** What a handler does at last; it returns then, which closes. */
const SERVED: Readonly<Record<string, Word>> = {
  "return": () => {},
  "end()": (session) => session.end(),
  "a throw": () => Promise.reject(new Error("failed")),
  "abort()": (session) => session.abort("enough"),
};
const DISTANCES = [0, 0.1, 0.3, 1, 2];

onEveryServer(
  "Session is complete on both sides where the handler answers and returns, and the caller reads and ends",
  async (at) => {
    const stage = new Stage(at);
    await stage.start();
    const counts = await withBystander(at.url, "svc.ask", async () => {
      const counts: Record<string, number> = {};
      for (let round = 0; round < 400; round++) {
        const after = [DISTANCES[round % 5]!, DISTANCES[Math.floor(round / 5) % 5]!] as const;
        const told = await stage.play(WORDS["end()"]!, SERVED["return"]!, after);
        const story = JSON.stringify(told);
        counts[story] = (counts[story] ?? 0) + 1;
      }
      return counts;
    });
    const whole = JSON.stringify({ opened: "complete", served: "complete", isRefused: false });
    assertEquals(counts, { [whole]: 400 });
  },
);

for (const [ours, our] of Object.entries(WORDS)) {
  for (const [theirs, their] of Object.entries(SERVED)) {
    onEveryServer(
      `Session tells both sides the same: ${ours} by the caller, ${theirs} by the handler`,
      async (at) => {
        const stage = new Stage(at);
        await stage.start();
        for (const here of DISTANCES) {
          for (const there of DISTANCES) {
            const { opened, served } = await stage.play(our, their, [here, there]);
            const story = `after ${here} and ${there} ms: ${opened}, ${served}`;
            if (opened === served) continue;
            // both left at once, before either heard of it
            assert(ours === "abort()" || ours === "a loop that is left", story);
            assert(theirs === "a throw" || theirs === "abort()", story);
            assertEquals(opened, "cancelled", story);
          }
        }
      },
    );
  }
}
