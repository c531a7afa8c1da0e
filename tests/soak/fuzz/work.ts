import {
  type Inbox,
  type NatsBroker,
  type OpenSessionOptions,
  TimeoutError,
} from "@signalbox/nats";

/** How long works wait, and what they ask: a storm's are given up soon, as what it took never comes. */
export interface Mood {
  readonly name: "storm" | "calm";
  /** Milliseconds. */
  readonly timeout: number;
  /** What all of a work takes at the most, in milliseconds. */
  readonly longest: number;
  readonly link: Pick<OpenSessionOptions, "keepAlive" | "resumeTimeout">;
}

export const STORM: Mood = {
  name: "storm",
  timeout: 500,
  longest: 20_000,
  link: { keepAlive: 200, resumeTimeout: 600 },
};
/** Nothing is lost, so that only a machine with much else to do makes anything late. */
export const CALM: Mood = { name: "calm", timeout: 20_000, longest: 60_000, link: {} };

const PARTS = 20;
const SAID = 10;

/** What is asked for, and everything of it that has to come back. */
export interface Work {
  readonly run: (client: NatsBroker, n: number, mood: Mood) => Promise<unknown>;
  /** What it gives where nothing is broken. */
  readonly gives: (n: number) => unknown;
}

/** Registers what the works ask for. */
export function serve(service: NatsBroker): void {
  for (const { name, link } of [STORM, CALM]) {
    service.subscriber(`${name}.echo`, ({ body }) => body);
    service.subscriber(`${name}.parts`, { streams: link }, async function* () {
      for (let part = 0; part < PARTS; part++) yield { part, text: "x".repeat(50) };
    });
    service.session(`${name}.talk`, link, async (session) => {
      for await (const { body } of session) await session.send(body);
    });
  }
}

/** Opens one, or gives up; an option for its patience is what only reading has. */
async function inboxOf(client: NatsBroker, { timeout }: Mood): Promise<Inbox> {
  const controller = new AbortController();
  const error = new TimeoutError("open an inbox", 2 * timeout);
  const timer = setTimeout(() => controller.abort(error), 2 * timeout);
  try {
    return await client.openInbox({ signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}

const textOf = (n: number) => ({ n, text: "é".repeat(n % 300) });
const saidOf = (n: number) => Array.from({ length: SAID }, (_, at) => ({ n, at }));

export const WORKS: Readonly<Record<string, Work>> = {
  request: {
    run: async (client, n, { name, timeout }) =>
      (await client.request(`${name}.echo`, textOf(n), { timeout })).body,
    gives: textOf,
  },
  nobody: {
    run: (client, _, { timeout }) =>
      client.request("nobody.there", 1, { timeout }).catch((error) => {
        if (error.name === "NoRespondersError") return "nobody";
        throw error;
      }),
    gives: () => "nobody",
  },
  inbox: {
    async run(client, n, mood) {
      await using inbox = await inboxOf(client, mood);
      await client.publish(inbox.subject, n);
      return (await inbox.next({ timeout: mood.timeout }))?.body;
    },
    gives: (n) => n,
  },
  many: {
    async run(client, n, { name, timeout }) {
      const answers = client.requestMany(`${name}.echo`, n, { max: 1, timeout });
      return (await Array.fromAsync(answers)).map(({ body }) => body);
    },
    gives: (n) => [n],
  },
  stream: {
    async run(client, _, { name, timeout, link }) {
      const options = { ...link, timeout, deadline: 2 * timeout };
      return (await Array.fromAsync(client.requestStream(`${name}.parts`, null, options))).length;
    },
    gives: () => PARTS,
  },
  session: {
    async run(client, n, { name, timeout, link }) {
      await using session = await client.openSession(`${name}.talk`, n, { ...link, timeout });
      for (const body of saidOf(n)) await session.send(body);
      const heard: unknown[] = [];
      for (const _ of saidOf(n)) heard.push((await session.next({ timeout: 2 * timeout }))?.body);
      return heard;
    },
    gives: saidOf,
  },
  ping: {
    run: async (client, _, { timeout }) => typeof await client.ping({ timeout }),
    gives: () => "number",
  },
  flush: {
    run: (client, _, { timeout }) => client.flush({ timeout }),
    gives: () => undefined,
  },
};
