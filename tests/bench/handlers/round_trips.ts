import { brokerOf, type Ends, PATIENCE } from "../ends.ts";
import { AT_ONCE, inLanes } from "../lanes.ts";
import type { Side, Work } from "../work.ts";
import { answerPlain, listen, listenBare, SUBJECT } from "./listening.ts";
import { areDoubled, encoded, orderOf, type Told } from "./orders.ts";

/** The whole way to a handler and back, between two connections: what a program sees. */
export function roundTrips(ends: Ends): readonly Work<readonly Told[]>[] {
  return [{
    name: `round trip, ${AT_ONCE} at once`,
    unit: "requests",
    aim: 1.5,
    ours: asking(ends),
    rival: askingBare(ends),
    right: areDoubled,
  }];
}

function asking(ends: Ends): Side<readonly Told[]> {
  return async (operations) => {
    await using _listener = await listen(ends);
    await using broker = brokerOf(ends.servers);
    await broker.start();
    return await inLanes(operations, async (lane) => {
      const { body } = await broker.request(SUBJECT, orderOf(lane));
      return { body };
    });
  };
}

/** As a program does it that has no headers in mind. */
function askingBare(ends: Ends): Side<readonly Told[]> {
  return async (operations) => {
    await using _listener = await listenBare(ends, answerPlain);
    await using client = await ends.connect();
    const options = { timeout: PATIENCE };
    return await inLanes(operations, async (lane) => {
      const message = await client.request(SUBJECT, encoded(orderOf(lane)), options);
      return { body: message.json() };
    });
  };
}
