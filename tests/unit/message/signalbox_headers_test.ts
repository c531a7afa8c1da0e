import { assertMatch, assertStrictEquals } from "@std/assert";
import { encodeHeaders } from "../../../src/message/headers.ts";
import * as names from "../../../src/message/signalbox_headers.ts";

Deno.test("Every header of ours is named as such, and can be sent", () => {
  for (const name of Object.values(names)) {
    assertMatch(name, /^Signalbox(-[A-Z][a-z]+)+$/);
    encodeHeaders({ contentType: undefined, correlationId: "a", timeLeft: 1 }, { [name]: "1" });
  }
});

Deno.test("TIME_LEFT keeps its name, as peers of other versions read it", () => {
  assertStrictEquals(names.TIME_LEFT, "Signalbox-Time-Left");
});
