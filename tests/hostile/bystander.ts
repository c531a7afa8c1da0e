import { type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";

/** Requests a second. */
const RATE = 200;
/** How often requests are sent, in milliseconds: as many as are due by then. */
const STEP = 5;
/** Milliseconds an answer may take: under a flood, a busy machine has others before it. */
const PATIENCE = 60_000;
/** What part of the requests that are due must have been sent, or the event loop stood still meanwhile. */
const PART = 0.5;
/** For how many seconds a busy machine may give the process no turn at the end of an attack. */
const STALL = 1;

/**
 * An ordinary caller of the broker under attack, with a connection of its own: it asks one subject 200 times a second,
 * and must get every answer.
 *
 * @example
 * ```ts ignore
 * broker.subscriber("bystander.echo", ({ body }) => body);
 * await broker.start();
 * await withBystander(server.url, "bystander.echo", () => attack(server.url));
 * ```
 */
export async function withBystander<T>(
  url: string,
  subject: string,
  attack: () => Promise<T>,
  options: BrokerOptions = {},
): Promise<T> {
  await using broker = new NatsBroker(url, { logger: false, ...options });
  await broker.connect();
  const began = performance.now();
  const answers: Promise<unknown>[] = [];
  const failures: string[] = [];
  const due = () => Math.floor((performance.now() - began) * RATE / 1_000);
  const ask = () => {
    for (let missing = due() - answers.length; missing > 0; missing--) {
      const body = { n: answers.length };
      const answered = broker.request(subject, body, { timeout: PATIENCE });
      answers.push(answered.then(
        (answer) => assertEquals(answer.body, body),
        (error) => failures.push(String(error)),
      ));
    }
  };
  const timer = setInterval(ask, STEP);
  let outcome: T;
  try {
    outcome = await attack();
  } finally {
    clearInterval(timer);
  }
  const expected = due();
  await Promise.all(answers);
  assertEquals(failures.slice(0, 3), [], `${failures.length} of ${answers.length} requests fail`);
  const least = (expected - STALL * RATE) * PART;
  assert(answers.length >= least, `${answers.length} of ${expected} requests were sent`);
  return outcome;
}
