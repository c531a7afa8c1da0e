import { ECHO, type Ends, PATIENCE } from "./ends.ts";
import type { Side, Work } from "./work.ts";

const PAYLOAD = new TextEncoder().encode("sixteen bytes ok");
const AIMS = [[1, 1], [64, 2], [512, 3]] as const;

type Ask = () => Promise<{ readonly data: Uint8Array }>;

/** Requests with so many on their way at any time. */
export function requests({ broker, client }: Ends): readonly Work[] {
  const bareOptions = { timeout: PATIENCE };
  return AIMS.map(([atOnce, aim]) => ({
    name: `request, ${atOnce} at once`,
    unit: "requests",
    aim,
    ours: asking(atOnce, () => broker.request(ECHO, PAYLOAD)),
    rival: asking(atOnce, () => client.request(ECHO, PAYLOAD, bareOptions)),
    right: (answers: readonly Uint8Array[]) => answers.length > 0 && answers.every(isPayload),
  }));
}

/** So many askers, each with one request on its way; gives the last answer of each. */
function asking(atOnce: number, ask: Ask): Side<readonly Uint8Array[]> {
  return (operations) => {
    let left = operations;
    const asker = async () => {
      let answer: Uint8Array = PAYLOAD;
      while (left-- > 0) answer = (await ask()).data;
      return answer;
    };
    return Promise.all(Array.from({ length: atOnce }, asker));
  };
}

function isPayload(answer: Uint8Array): boolean {
  return answer.length === PAYLOAD.length && answer.every((byte, at) => byte === PAYLOAD[at]);
}
