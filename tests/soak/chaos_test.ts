import { assertEquals } from "@std/assert";
import { broken } from "./chaos/broken.ts";
import { type Fault, overWebSockets } from "./chaos/fault.ts";
import { clock, outbox } from "./chaos/outages.ts";
import { QUICK } from "./chaos/plan.ts";
import { runFault } from "./chaos/run.ts";
import { cluster, kills, pauses } from "./chaos/server_faults.ts";
import { controlLines, permissions, subscriptions } from "./chaos/refusals.ts";
import { cuts, hangUps, stalls } from "./chaos/socket_faults.ts";

function testFault(name: string, fault: Fault): void {
  Deno.test(name, async () => {
    const plan = { ...QUICK, ...fault.quick, seed: 7 };
    const outcome = await runFault(fault, plan);
    assertEquals(broken(fault, plan, outcome), [], Deno.inspect(outcome));
  });
}

const publishing = "NatsBroker.publish() loses nothing that it does not tell of while";
testFault(`${publishing} the server is killed and restarted`, kills);
testFault(`${publishing} the nodes of a cluster are killed and restarted in turn`, cluster);
testFault(`${publishing} connections are cut at any byte`, cuts);
testFault(`${publishing} sockets stall and are then cut`, stalls);
testFault(`${publishing} the server is killed and restarted [ws://]`, overWebSockets(kills));
testFault(`${publishing} the server hangs up after letting in`, hangUps);
testFault(`${publishing} a subject is longer than the server takes`, controlLines);
testFault(`${publishing} it has no subscription left`, subscriptions);
testFault(`${publishing} its services may not subscribe for a while`, permissions);
testFault("NatsBroker.publish() loses nothing of what it took before its outbox was full", outbox);
testFault("NatsBroker.publish() loses nothing that it held while the clock jumped", clock);
testFault("NatsBroker.request() settles in time while the server stands still", pauses);
