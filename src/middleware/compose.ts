import { isThenable } from "../thenable.ts";

/** One link of a chain: it is given what travels along, and the call of what comes behind it. */
export type Link<Subject> = (subject: Subject, next: Next<Subject>) => unknown;

/** Calls what comes behind a link. */
export type Next<Subject> = (subject: Subject) => Promise<unknown>;

/**
 * Makes one function of a chain and its end, once: nothing is put together while messages pass. A link that calls
 * `next` twice would run the handler twice, so the second call rejects. One that gives nothing back keeps what `next`
 * gave; one that does not even call it is `forgotten`, with its name, once.
 */
export function compose<Subject>(
  links: readonly Link<Subject>[],
  end: (subject: Subject) => unknown,
  forgotten: (link: string) => void = () => {},
): (subject: Subject) => unknown {
  return links.reduceRight<(subject: Subject) => unknown>((behind, link) => {
    let told = false;
    const forget = () => {
      if (told) return;
      told = true;
      forgotten(nameOf(link));
    };
    return (subject) => run(link, subject, behind, forget);
  }, end);
}

function run<Subject>(
  link: Link<Subject>,
  subject: Subject,
  behind: (subject: Subject) => unknown,
  forget: () => void,
): unknown {
  let outcome: Promise<unknown> | undefined;
  let isDone = false;
  let kept: unknown;
  const next: Next<Subject> = (subject) => {
    if (outcome) {
      const rule = "it must be called once";
      return Promise.reject(new Error(`Cannot call next() as ${rule}: ${nameOf(link)}`));
    }
    outcome = promised(behind, subject);
    // a link that does not wait for it has said that it does not care; a rejection of nobody's would end the program
    outcome.then((value) => {
      isDone = true;
      kept = value;
    }, () => isDone = true);
    return outcome;
  };
  const settle = (value: unknown): unknown => {
    // no function is a reply, so this is "next" itself
    if (typeof value === "function") {
      const rule = "it must call what it gives back: return next()";
      throw new TypeError(`Cannot go on behind a middleware as ${rule}: ${nameOf(link)}`);
    }
    if (value !== undefined) return value;
    if (!outcome) return forget();
    // what it waited for, and caught, is its own to replace with nothing
    return isDone ? kept : outcome;
  };
  const value = link(subject, next);
  return isThenable(value) ? Promise.resolve(value).then(settle) : settle(value);
}

/** The outcome as a promise; the very one that is given, where there is one, as to wrap it would take two turns more. */
function promised<Subject>(
  behind: (subject: Subject) => unknown,
  subject: Subject,
): Promise<unknown> {
  try {
    const outcome = behind(subject);
    return outcome instanceof Promise ? outcome : Promise.resolve(outcome);
  } catch (error) {
    return Promise.reject(error);
  }
}

function nameOf(link: { readonly name: string }): string {
  return link.name === "" ? "a middleware" : link.name;
}
