/** A random token within a subject, as inboxes have: 22 characters behind a dot. */
const RANDOM_TOKEN = /(?<=\.[0-9A-Za-z]{4})[0-9A-Za-z]{18}(?![0-9A-Za-z])/g;

/**
 * A text for people, without the inboxes that it names: `_DESK.yz3G…` and `_DESK.yz3G….c12`. Knowing an inbox is all it
 * takes to write to it, and logs are read by more people than may do that.
 */
export function shortened(text: string): string {
  return text.replace(RANDOM_TOKEN, "…");
}

/** Keeps a fact about a subject readable, and out of what `console.log()` prints where it is an inbox. */
export function concealInbox(error: Error & { readonly subject?: string | undefined }): void {
  const { subject } = error;
  if (subject === undefined || shortened(subject) === subject) return;
  Object.defineProperty(error, "subject", { enumerable: false });
}
