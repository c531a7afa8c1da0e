import { type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { freePort } from "../../support/free_port.ts";
import { Proxy } from "../../support/proxy.ts";
import { Given } from "./given.ts";
import { LastingSignal } from "./lasting_signal.ts";
import { serve } from "./service.ts";
import { openStation, type Station, type StationKind, USER } from "./station.ts";

const OPTIONS: BrokerOptions = {
  auth: USER,
  logger: false,
  connectTimeout: 1_000,
  requestTimeout: 500,
  reconnect: { minDelay: 5, maxDelay: 20 },
};

/** Where it all happens: a server, a way to it that can fail, and two brokers that stay as long as the program does. */
export class Place implements AsyncDisposable {
  readonly given = new Given();
  readonly lasting = new LastingSignal();
  readonly station: Station;
  readonly proxy: Proxy;
  readonly client: NatsBroker;
  readonly service: NatsBroker;

  private constructor(station: Station, proxy: Proxy) {
    this.station = station;
    this.proxy = proxy;
    this.client = new NatsBroker(proxy.url, OPTIONS);
    this.service = new NatsBroker(proxy.url, OPTIONS);
  }

  static async open(kind: StationKind): Promise<Place> {
    const station = await openStation(kind);
    const place = new Place(station, await Proxy.start(station.port));
    serve(place.service);
    await Promise.all([place.client.connect(), place.service.start()]);
    // what the first request brings stays
    await place.client.request("leaks.echo");
    return place;
  }

  /** The program's own; it stays, and what listens to it must not. */
  get signal(): AbortSignal {
    return this.lasting.signal;
  }

  /** A broker that comes and goes. */
  broker(options: BrokerOptions = {}, url: string = this.proxy.url): NatsBroker {
    return this.given.note(new NatsBroker(url, { ...OPTIONS, ...options }));
  }

  /** Where nobody listens. */
  nowhere(): string {
    return `nats://127.0.0.1:${freePort()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.client.stop({ timeout: 500 }), this.service.stop({ timeout: 500 })]);
    await this.proxy[Symbol.asyncDispose]();
    await this.station[Symbol.asyncDispose]();
  }
}
