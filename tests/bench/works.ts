import type { Ends } from "./ends.ts";
import { handlers, roundTrips, sends } from "./handlers.ts";
import { inboxNames } from "./inbox_names.ts";
import { firstParts, links } from "./links.ts";
import { requests } from "./requests.ts";
import type { Work } from "./work.ts";

/** Everything there is to measure; a further group is a file and a line here. */
export function works(ends: Ends): readonly Work[] {
  return [
    ...inboxNames(ends),
    ...requests(ends),
    ...handlers(ends),
    ...roundTrips(ends),
    ...sends(ends),
    ...links(ends),
    ...firstParts(ends),
  ];
}
