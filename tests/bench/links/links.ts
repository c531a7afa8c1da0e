import { brokerOf, type Ends } from "../ends.ts";
import type { Side, Work } from "../work.ts";
import { publishingFrames } from "./bare_frames.ts";
import { BYTES_KIND, type Carried, Count, JSON_KIND, type Kind } from "./kinds.ts";

const SUBJECT = "bench.links";

/** Bodies one way, with flow control and numbering on one side and none on the other. */
export function links(ends: Ends): readonly Work<Carried>[] {
  const work = { unit: "frames", aim: 0.65, right: isWhole };
  const bytes = { ...work, rival: publishingFrames(ends, BYTES_KIND) };
  const json = { ...work, rival: publishingFrames(ends, JSON_KIND) };
  return [
    { ...bytes, name: "session, 128 bytes", ours: conversing(ends, BYTES_KIND) },
    { ...json, name: "session, JSON", ours: conversing(ends, JSON_KIND) },
    { ...bytes, name: "stream, 128 bytes", ours: streaming(ends, BYTES_KIND) },
    { ...json, name: "stream, JSON", ours: streaming(ends, JSON_KIND) },
  ];
}

function conversing({ servers }: Ends, kind: Kind): Side<Carried> {
  return async (operations) => {
    const count = new Count(kind);
    await using service = brokerOf(servers);
    service.session(SUBJECT, async (session) => {
      for await (const { body } of session) count.take(body);
    });
    await service.start();
    await using broker = brokerOf(servers);
    await broker.start();
    const session = await broker.openSession(SUBJECT);
    for (let number = 0; number < operations; number++) await session.send(kind.body(number));
    await session.end();
    await session.closed;
    return { sent: operations, right: count.right };
  };
}

function streaming({ servers }: Ends, kind: Kind): Side<Carried> {
  return async (operations) => {
    const count = new Count(kind);
    await using service = brokerOf(servers);
    service.subscriber(SUBJECT, async function* ({ body }) {
      for (let number = 0; number < Number(body); number++) yield kind.body(number);
    });
    await service.start();
    await using broker = brokerOf(servers);
    await broker.start();
    for await (const { body } of broker.requestStream(SUBJECT, operations)) count.take(body);
    return { sent: operations, right: count.right };
  };
}

function isWhole({ sent, right }: Carried): boolean {
  return sent > 0 && right === sent;
}
