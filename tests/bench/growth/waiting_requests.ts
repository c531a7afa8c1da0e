import { ECHO } from "../ends.ts";
import { inLanes } from "../lanes.ts";
import type { Growth } from "./growth.ts";
import { openBoth } from "./listeners.ts";

const SILENT = "bench.silent";
const PAYLOAD = new TextEncoder().encode("sixteen bytes ok");
/** Longer than anything is measured, in milliseconds. */
const LONG = 600_000;

/** A request that is answered, beside so many that are not. */
export const waitingRequests: Growth = {
  name: "growth: request, beside 1 → 10 000 that wait",
  operation: "A request and its answer",
  things: "other requests waiting",
  prepare: async (ends, count, opened) => {
    const { broker, client } = await openBoth(ends, opened);
    const listener = opened.use(await ends.connect());
    // somebody has to listen, or those who ask are told at once that nobody does
    listener.subscribe(SILENT, { callback: () => {} });
    await listener.flush();
    const options = { timeout: LONG };
    for (let number = 0; number < count; number++) {
      // they end with their connection
      broker.request(SILENT, PAYLOAD, options).catch(() => {});
      client.request(SILENT, PAYLOAD, options).catch(() => {});
    }
    await Promise.all([broker.flush(), client.flush()]);
    const ask = async () => isPayload((await broker.request(ECHO, PAYLOAD, options)).data);
    const askBare = async () => isPayload((await client.request(ECHO, PAYLOAD, options)).data);
    return {
      ours: async (operations) => (await inLanes(operations, ask)).every(Boolean),
      rival: async (operations) => (await inLanes(operations, askBare)).every(Boolean),
    };
  },
};

function isPayload(data: Uint8Array): boolean {
  return data.length === PAYLOAD.length;
}
