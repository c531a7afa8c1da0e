import { jetstream, stream } from "../../../src/jetstream/mod.ts";
import { fromNpm } from "../../support/npm.ts";
import type { Ends } from "../ends.ts";
import type { Side, Work } from "../work.ts";

/** The part of nats.js that this uses: batches of both kinds. */
interface BareModule {
  readonly jetstream: (client: unknown) => BareJetStream;
  readonly startFastIngest: (
    client: unknown,
    subject: string,
    body: Uint8Array,
    options: BareOptions & {
      readonly allowGaps: false;
      readonly ackInterval: number;
      readonly maxOutstandingAcks: number;
    },
  ) => Promise<BareIngest>;
}

interface BareOptions {
  readonly msgID?: string;
}

interface BareIngest {
  add(subject: string, body: Uint8Array, options?: BareOptions): Promise<unknown>;
  last(subject: string, body: Uint8Array, options?: BareOptions): Promise<BareAck>;
}

interface BareJetStream {
  startBatch(subject: string, body: Uint8Array): Promise<BareBatch>;
}

interface BareBatch {
  add(subject: string, body: Uint8Array): void;
  commit(subject: string, body: Uint8Array): Promise<BareAck>;
}

interface BareAck {
  readonly count?: number;
}

const SUBJECT = "bench.ingested";
const BODY = new TextEncoder().encode("sixteen bytes ok");
const PER_BATCH = 100;
/** A small stream in memory, so that this measures neither the disk nor the memory. */
const INGESTED = stream("BENCH_INGEST", {
  subjects: [SUBJECT],
  storage: "memory",
  maxMsgs: 10_000,
  allowBatched: true,
  allowAtomic: true,
  declare: "create",
});

/** Messages in fast batches and in atomic batches, beside nats.js. */
export function ingesting(ends: Ends): readonly Work[] {
  const rows = new Rows(ends);
  const common = { unit: "messages", right: (stored: number) => stored > 0 };
  return [
    {
      ...common,
      name: "ingest by fast batches, ids on both sides",
      aim: 1.1,
      ours: rows.ingesting(),
      rival: rows.ingestingBare(true),
    },
    {
      ...common,
      name: "ingest by fast batches with ids, beside none",
      aim: 1,
      ours: rows.ingesting(),
      rival: rows.ingestingBare(false),
    },
    {
      ...common,
      name: `batches of ${PER_BATCH}, all or none, one after the other`,
      aim: 1,
      ours: rows.batching(),
      rival: rows.batchingBare(),
    },
  ];
}

class Rows {
  readonly #ends: Ends;
  #made: Promise<BareModule> | undefined;

  constructor(ends: Ends) {
    this.#ends = ends;
  }

  ingesting(): Side<number> {
    return async (operations) => {
      await this.#ready();
      const ingest = jetstream(this.#ends.broker).ingest(SUBJECT);
      const writer = ingest.getWriter();
      for (let count = 0; count < operations; count++) await writer.write(BODY);
      await writer.close();
      return ingest.stored === operations ? operations : 0;
    };
  }

  /** As many unanswered messages as this package allows. */
  ingestingBare(hasIds: boolean): Side<number> {
    return async (operations) => {
      const { startFastIngest } = await this.#ready();
      const { client } = this.#ends;
      const run = crypto.randomUUID();
      let next = 0;
      const options = () => hasIds ? { msgID: `${run}-${next++}` } : {};
      const settings = { allowGaps: false, ackInterval: 500, maxOutstandingAcks: 2 } as const;
      if (operations === 1) return 1;
      const ingest = await startFastIngest(client, SUBJECT, BODY, { ...settings, ...options() });
      for (let count = 1; count < operations - 1; count++) {
        await ingest.add(SUBJECT, BODY, options());
      }
      const { count } = await ingest.last(SUBJECT, BODY, options());
      return count === operations ? operations : 0;
    };
  }

  batching(): Side<number> {
    return async (operations) => {
      await this.#ready();
      const js = jetstream(this.#ends.broker);
      let stored = 0;
      for (let left = operations; left > 0; left -= PER_BATCH) {
        const size = Math.min(PER_BATCH, left);
        const batch = Array.from({ length: size }, () => [SUBJECT, BODY] as const);
        stored += (await js.batch(batch)).count;
      }
      return stored === operations ? operations : 0;
    };
  }

  batchingBare(): Side<number> {
    return async (operations) => {
      const js = (await this.#ready()).jetstream(this.#ends.client);
      let stored = 0;
      for (let left = operations; left > 0; left -= PER_BATCH) {
        const size = Math.max(2, Math.min(PER_BATCH, left));
        const batch = await js.startBatch(SUBJECT, BODY);
        for (let count = 1; count < size - 1; count++) batch.add(SUBJECT, BODY);
        stored += (await batch.commit(SUBJECT, BODY)).count ?? 0;
      }
      return stored >= operations ? operations : 0;
    };
  }

  /** Waits for the stream, which both sides need. */
  #ready(): Promise<BareModule> {
    return this.#made ??= (async () => {
      const js = jetstream(this.#ends.broker, { streams: [INGESTED] });
      await js.publish(SUBJECT, BODY);
      return await fromNpm<BareModule>("@nats-io/jetstream@3/internal");
    })();
  }
}
