import { assert, assertEquals } from "@std/assert";
import { outageBesideBare } from "./outage_beside_bare.ts";

Deno.test("NatsBroker.publish() loses nothing of what it takes in a two-second outage, beside the bare client", async () => {
  const { ours, bare } = await outageBesideBare();
  const { untold, lostHeld, duplicated, disordered } = ours;
  assertEquals({ untold, lostHeld, duplicated, disordered }, {
    untold: 0,
    lostHeld: 0,
    duplicated: 0,
    disordered: 0,
  });
  assert(ours.held > 200, `${ours.held} messages were taken in the outage`);
  // that it loses some is what makes the outage one
  assert(bare.held > 200 && bare.lost > 0, `the bare client lost ${bare.lost} of ${bare.held}`);
});
