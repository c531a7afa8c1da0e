/** One link of a chain: it is given what travels along, and the call of what comes behind it. */
export type Link<Subject> = (
  subject: Subject,
  next: (subject: Subject) => Promise<unknown>,
) => unknown;

/**
 * Makes one function of a chain and its end, once: nothing is put together while messages pass. A link that calls
 * `next` twice would run the handler twice, so the second call rejects.
 */
export function compose<Subject>(
  links: readonly Link<Subject>[],
  end: (subject: Subject) => unknown,
): (subject: Subject) => unknown {
  return links.reduceRight<(subject: Subject) => unknown>(
    (behind, link) => (subject) => link(subject, once(link, behind)),
    end,
  );
}

function once<Subject>(
  link: Link<Subject>,
  behind: (subject: Subject) => unknown,
): (subject: Subject) => Promise<unknown> {
  let called = false;
  return (subject) => {
    if (called) {
      const name = link.name || "a middleware";
      return Promise.reject(new Error(`Cannot call next() as it must be called once: ${name}`));
    }
    called = true;
    const outcome = Promise.try(behind, subject);
    // a link that does not wait for it has said that it does not care; a rejection of nobody's would end the program
    outcome.catch(() => {});
    return outcome;
  };
}
