import { delay } from "../../support/delay.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { Party } from "./party.ts";
import type { PlanChanges } from "./plan.ts";
import type { Scenario } from "./scenario.ts";
import { CONFIG } from "./server_faults.ts";
import { ServiceProcess } from "./service_process.ts";

/** One fault from which nobody comes back, and sessions that wait for less time than usual. */
const LASTING: PlanChanges = { faults: 1, resumeTimeout: 1_500, keepAlive: 1_000, bound: 8_000 };

/** The process of the side that serves stands still for a while. */
export const freezes: Scenario<ServiceProcess> = {
  name: "freezes",
  ending: "complete",
  full: { faults: 6 },
  quick: { faults: 1 },
  serve: ServiceProcess.start,
  open: async ({ pause }) => ({
    ...await oneServer(),
    strike: async (_, { service }) => {
      await service.suspend();
      await delay(pause);
      service.resume();
    },
  }),
};

/** The process of the side that serves is killed: the sessions must say so. */
export const death: Scenario<ServiceProcess> = {
  name: "death",
  ending: "peer-gone",
  full: LASTING,
  quick: LASTING,
  serve: ServiceProcess.start,
  open: async () => ({
    ...await oneServer(),
    strike: (_, { service }) => service.kill(),
  }),
};

/** The server is killed and does not come back: the sessions must say so, on both sides. */
export const outage: Scenario = {
  name: "outage",
  ending: "peer-gone",
  full: LASTING,
  quick: LASTING,
  serve: Party.serve,
  open: async () => {
    const server = await oneServer();
    return { ...server, strike: () => server.kill() };
  },
};

async function oneServer() {
  const server = await NatsServer.start({ config: CONFIG });
  return {
    client: [server.url],
    service: [server.url],
    kill: () => server.kill(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
