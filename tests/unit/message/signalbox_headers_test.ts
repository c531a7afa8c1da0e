import { assertMatch, assertStrictEquals } from "@std/assert";
import { encodeHeaders } from "../../../src/message/headers.ts";
import * as names from "../../../src/message/signalbox_headers.ts";

Deno.test("Every header of ours is named as such, and can be sent", () => {
  for (const named of Object.values(names)) {
    // what ends in a hyphen begins several names
    const name = named.endsWith("-") ? `${named}Seq` : named;
    assertMatch(name, /^Signalbox(-[A-Z][a-z]+)+$/);
    encodeHeaders({ contentType: undefined, correlationId: "a", timeLeft: 1 }, { [name]: "1" });
  }
});

Deno.test("TIME_LEFT keeps its name, as peers of other versions read it", () => {
  assertStrictEquals(names.TIME_LEFT, "Signalbox-Time-Left");
});
