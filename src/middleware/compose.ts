import { isThenable } from "../thenable.ts";

/** One link of a chain; gets the subject of the chain and a function that calls the rest of the chain. */
export type Link<Subject> = (subject: Subject, next: Next<Subject>) => unknown;

/** Calls the rest of the chain. */
export type Next<Subject> = (subject: Subject) => Promise<unknown>;

/**
 * Makes one function of a chain and its end, once, so that messages cost no composing. The second call of `next` by one
 * link rejects, as it would run the handler twice. A link that returns nothing keeps the result of `next`; if it does
 * not even call `next`, `forgotten` gets the link's name, once.
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
    // a link that does not await `next` ignores its outcome; an unhandled rejection would end the program
    outcome.then((value) => {
      isDone = true;
      kept = value;
    }, () => isDone = true);
    return outcome;
  };
  const settle = (value: unknown): unknown => {
    // a reply is never a function, so the link returned "next" itself
    if (typeof value === "function") {
      const rule = "it must call what it gives back: return next()";
      throw new TypeError(`Cannot go on behind a middleware as ${rule}: ${nameOf(link)}`);
    }
    if (value !== undefined) return value;
    if (!outcome) return forget();
    // a link that awaited and caught an error may replace it with nothing
    return isDone ? kept : outcome;
  };
  const value = link(subject, next);
  return isThenable(value) ? Promise.resolve(value).then(settle) : settle(value);
}

/** The outcome as a promise; returns a given promise itself, as wrapping it would take two more turns. */
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
