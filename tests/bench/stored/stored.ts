import { jetstream, stream } from "../../../src/jetstream/mod.ts";
import { fromNpm } from "../../support/npm.ts";
import type { Ends } from "../ends.ts";
import type { Side, Work } from "../work.ts";

/** What is used of the JetStream of nats.js. */
interface BareJetStream {
  publish(subject: string, body: Uint8Array): Promise<Acknowledgement>;
}

interface BareModule {
  readonly jetstream: (client: unknown) => BareJetStream;
}

interface Acknowledgement {
  readonly seq: number;
}

type Publish = () => Promise<Acknowledgement>;

const SUBJECT = "bench.stored";
const BODY = new TextEncoder().encode("sixteen bytes ok");
const AIMS = [[1, 1], [64, 3], [512, 4]] as const;
/** In memory, and few, so that neither disk nor memory is what is measured. */
const STORED = stream("BENCH", {
  subjects: [SUBJECT],
  storage: "memory",
  maxMsgs: 10_000,
  declare: "create",
});

/** Messages that a stream acknowledges, with so many on their way at any time, beside nats.js. */
export function storing({ broker, client }: Ends): readonly Work[] {
  const js = jetstream(broker);
  const publish = () => js.publish(SUBJECT, BODY);
  let bare: Promise<BareJetStream> | undefined;
  /** Both sides need the stream, which the first message of ours waits for. */
  const ready = async () => {
    jetstream(broker, { streams: [STORED] });
    await publish();
    return (await fromNpm<BareModule>("@nats-io/jetstream@3")).jetstream(client);
  };
  const theirs = () => bare ??= ready();
  return AIMS.map(([atOnce, aim]) => ({
    name: `publish until it is stored, ${atOnce} at once`,
    unit: "messages",
    aim,
    ours: publishing(atOnce, async () => {
      await theirs();
      return publish;
    }),
    rival: publishing(atOnce, async () => {
      const bare = await theirs();
      return () => bare.publish(SUBJECT, BODY);
    }),
    right: (last: readonly Acknowledgement[]) => last.every(({ seq }) => seq > 0),
  }));
}

/** So many publishers, each with one message on its way; gives the last acknowledgement of each. */
function publishing(
  atOnce: number,
  open: () => Promise<Publish>,
): Side<readonly Acknowledgement[]> {
  return async (operations) => {
    const publish = await open();
    let left = operations;
    const publisher = async () => {
      let last: Acknowledgement | undefined;
      while (left-- > 0) last = await publish();
      return last;
    };
    const all = await Promise.all(Array.from({ length: atOnce }, publisher));
    return all.filter((last) => last !== undefined);
  };
}
