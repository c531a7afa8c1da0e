import { LinkError, type Schema } from "@signalbox/nats";
import { connect } from "@nats-io/transport-deno";
import { assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { heldMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";

const TIMES = 200;
const ANSWER = "x".repeat(50_000);
/** What else is at work in the process; all answers together are twice as large at least. */
const BESIDE = 5_000_000;

const refusing: Schema = {
  "~standard": { version: 1, vendor: "by hand", validate: () => ({ issues: [{ message: "no" }] }) },
};

/** Does work often; at once, as a plain answer is waited behind for a while. It must leave no memory in use. */
async function leavesNothing(work: () => Promise<unknown>): Promise<void> {
  // what the first time brings stays
  await work();
  const before = heldMemory();
  await Promise.all(Array.from({ length: TIMES }, work));
  // buffers that nobody reaches are given back some time after the collection
  await until("its memory must be free", () => heldMemory() - before < BESIDE);
}

onEveryServer(
  "NatsBroker.openSession() keeps nothing of an answer that accepts no session",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("plain", { concurrency: TIMES }, () => ANSWER);
    await broker.start();
    const open = () => broker.openSession("plain", null, { timeout: 20_000 });
    await leavesNothing(() => assertRejects(open, LinkError));
  },
);

onEveryServer(
  "NatsBroker.requestStream() keeps nothing of the parts behind one that its schema refuses",
  async (server) => {
    const plain = await connect({ servers: server.url });
    const broker = server.broker();
    await broker.start();
    plain.subscribe("plain", {
      callback: (_, message) => {
        for (const part of ["1", ANSWER, ANSWER, ""]) message.respond(part);
      },
    });
    await plain.flush();
    const work = async () => {
      for await (const _ of broker.requestStream("plain", null, { schema: refusing }));
    };
    await leavesNothing(() => assertRejects(work));
    await plain.close();
  },
);
