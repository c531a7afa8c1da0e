import { buckets } from "./buckets/buckets.ts";
import type { Ends } from "./ends.ts";
import { handlers } from "./handlers/handlers.ts";
import { HAND_WRITTEN } from "./handlers/order_schema.ts";
import { roundTrips } from "./handlers/round_trips.ts";
import { inboxNames } from "./inbox_names.ts";
import { firstParts } from "./links/first_parts.ts";
import { links } from "./links/links.ts";
import { wholeObjects } from "./objects/objects.ts";
import { publishing, publishingAndFlushing, publishingBesideRaw } from "./publishing/publishing.ts";
import { requests } from "./requests.ts";
import { handlingStored } from "./stored/handling.ts";
import { ingesting } from "./stored/ingesting.ts";
import { storing } from "./stored/stored.ts";
import type { Work } from "./work.ts";

/** How much the larger works move. A test that only checks the results uses less. */
const AMOUNTS = { keys: 10_000, megabytes: 64 };

/** All works that both sides do as fast as they can. */
export function works(
  ends: Ends,
  schema = HAND_WRITTEN,
  { keys, megabytes } = AMOUNTS,
): readonly Work[] {
  return [
    ...inboxNames(ends),
    ...requests(ends),
    ...publishing(ends),
    ...publishingAndFlushing(ends),
    ...publishingBesideRaw(ends),
    ...handlers(ends, schema),
    ...roundTrips(ends),
    ...links(ends),
    ...firstParts(ends),
    ...storing(ends),
    ...ingesting(ends),
    ...handlingStored(ends),
    ...buckets(ends, keys),
    ...wholeObjects(ends, megabytes),
  ];
}
