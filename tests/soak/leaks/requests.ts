import type { Kinds, Work } from "./kind.ts";

/** Asks once; what it is given, or the error, is known of from then on. */
function asking(subject: string, timeout = 500): Work {
  return async ({ client, given, signal }, n) => {
    const text = "é".repeat(n % 300);
    const options = { timeout, ...(n % 2 === 0 ? { signal } : {}) };
    given.note(await client.request(subject, n % 3 === 0 ? text : { n, text }, options));
    return "answered";
  };
}

const askAborted: Work = async ({ client }, n) => {
  const controller = new AbortController();
  const asked = client.request("leaks.late", n, { timeout: 30, signal: controller.signal });
  controller.abort();
  await asked;
  return "answered";
};

/** More at once than may wait; all but the first two are refused. */
const askTooMuch: Work = async ({ client }, n) => {
  const asked = Array.from({ length: 4 }, () => client.request("leaks.busy", n));
  const results = await Promise.allSettled(asked);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return "answered";
};

const askMany: Work = async ({ client, given }, n) => {
  const answers = given.note(client.requestMany("leaks.echo", n, { max: 1, timeout: 500 }));
  for await (const answer of answers) given.note(answer);
  return await answers.closed;
};

const askManyAndLeave: Work = async ({ client, given, signal }, n) => {
  const answers = given.note(client.requestMany("leaks.echo", n, { timeout: 500, signal }));
  for await (const answer of answers) {
    given.note(answer);
    break;
  }
  return await answers.closed;
};

/** A minute's worth: 600, of which one in four goes another way. */
export const REQUESTS: Kinds = {
  "ask": { times: 450, ends: "answered", work: asking("leaks.echo") },
  "ask nobody": { times: 25, ends: "NoRespondersError", work: asking("leaks.nobody") },
  "ask who throws": { times: 25, ends: "RemoteError 500", work: asking("leaks.throw") },
  "ask who refuses": { times: 20, ends: "RemoteError 409", work: asking("leaks.refuse") },
  "ask who takes nothing": { times: 10, ends: "RemoteError 404", work: asking("leaks.nothing") },
  "ask who is strict": { times: 10, ends: "RemoteError 400", work: asking("leaks.strict") },
  "ask who is late": { times: 15, ends: "TimeoutError", work: asking("leaks.late", 15) },
  "ask and abort": { times: 15, ends: "AbortError", work: askAborted },
  "ask too much": { times: 10, ends: "RemoteError 429", work: askTooMuch },
  "ask many": { times: 10, ends: "max", work: askMany },
  "ask many and leave": { times: 10, ends: "cancelled", work: askManyAndLeave },
};
