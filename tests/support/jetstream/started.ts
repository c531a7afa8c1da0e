import type { NatsBroker } from "@signalbox/nats";
import { type BrokerAccess, register } from "../../../src/door/mod.ts";
import type { Backend } from "../backends.ts";
import { JetStreamApi, type StreamConfig, type StreamInfo } from "./internals.ts";

const encoder = new TextEncoder();

/** A started broker with what a door has of it. */
export interface Started {
  readonly broker: NatsBroker;
  readonly access: BrokerAccess;
  readonly api: JetStreamApi;
  /** Makes a stream, in memory if nothing else is said. */
  create(config: StreamConfig): Promise<StreamInfo>;
  /** Stores messages one by one; gives the number of the last. */
  store(subject: string, ...bodies: readonly (string | number)[]): Promise<number>;
  info(stream: string): Promise<StreamInfo>;
}

/** Starts a broker of this server. */
export async function started(
  server: Pick<Backend, "broker">,
  options: Parameters<Backend["broker"]>[0] = {},
): Promise<Started> {
  const broker = server.broker(options);
  const access = register(broker, { name: "test" });
  await broker.start();
  const api = JetStreamApi.of(access);
  return {
    broker,
    access,
    api,
    create: (config) =>
      api.call<StreamInfo>(`STREAM.CREATE.${config.name}`, { storage: "memory", ...config }),
    info: (stream) => api.call<StreamInfo>(`STREAM.INFO.${stream}`),
    async store(subject, ...bodies) {
      let last = 0;
      for (const body of bodies) {
        const { data } = await access.request(subject, encoder.encode(String(body)));
        const { seq, error } = JSON.parse(new TextDecoder().decode(data));
        if (error) throw new Error(`Cannot store to "${subject}": ${error.description}`);
        last = seq;
      }
      return last;
    },
  };
}
