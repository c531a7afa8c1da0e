/** A random token within a subject, as in inboxes: 22 characters after a dot. */
const RANDOM_TOKEN = /(?<=\.[0-9A-Za-z]{4})[0-9A-Za-z]{18}(?![0-9A-Za-z])/g;

/**
 * Shortens the inboxes in a text: `_DESK.yz3G…` and `_DESK.yz3G….c12`. Anybody who knows an inbox can write to it, and
 * logs have more readers than should.
 */
export function shortened(text: string): string {
  return text.replace(RANDOM_TOKEN, "…");
}

/** Hides an error's `subject` from `console.log()` if it is an inbox; programs can still read the property. */
export function concealInbox(error: Error & { readonly subject?: string | undefined }): void {
  const { subject } = error;
  if (subject === undefined || shortened(subject) === subject) return;
  Object.defineProperty(error, "subject", { enumerable: false });
}
