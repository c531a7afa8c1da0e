/**
 * The side that serves, as a process of its own: its arguments are the servers and the plan, as JSON. It says "ready" once
 * sessions can be opened; what it is told comes in on standard input, and its reports are the other line that it says.
 *
 * @module
 */
import { lines } from "./lines.ts";
import { Party } from "./party.ts";
import type { Plan } from "./plan.ts";

/** What the process is told. */
export type Order =
  | { readonly allow: number }
  /** To say what all sessions saw, after so many milliseconds at the latest. */
  | { readonly report: number };

if (import.meta.main) {
  const [servers, plan] = Deno.args.map((argument) => JSON.parse(argument)) as [string[], Plan];
  const party = await Party.serve(servers, plan);
  console.log("ready");
  // they end when whoever started this process is gone, however it went
  for await (const line of lines(Deno.stdin.readable)) {
    const order = JSON.parse(line) as Order;
    if ("allow" in order) party.allow(order.allow);
    else void party.reports(order.report).then((found) => console.log(JSON.stringify(found)));
  }
  Deno.exit(0);
}
