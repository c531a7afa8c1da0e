import { type Endpoint, endpointName, EndpointStats } from "../service/endpoint.ts";
import { Service, type ServiceOptions, type ServiceSurroundings } from "../service/service.ts";
import type { HandledSubscription } from "../subscriber/handled_subscription.ts";

/** ADR-32: the default queue group of endpoints. */
export const SERVICE_QUEUE = "q";

/** A broker as a service: its subscribers are the endpoints, and each has its own counts. */
export class Discovery {
  readonly #service: Service;
  readonly #endpoints = new Map<HandledSubscription, Endpoint>();

  /**
   * Makes a service of a broker.
   *
   * @throws {TypeError} naming the option that is missing, unknown or wrong
   */
  constructor(surroundings: ServiceSurroundings, options: ServiceOptions) {
    this.#service = new Service(surroundings, options, () => [...this.#endpoints.values()]);
  }

  /** The counts of a subscriber. */
  statsOf(subscription: HandledSubscription): EndpointStats {
    const known = this.#endpoints.get(subscription);
    if (known) return known.stats;
    const { pattern, subject, queue = SERVICE_QUEUE, schemas } = subscription;
    const endpoint: Endpoint = {
      name: endpointName(pattern),
      subject,
      queueGroup: queue,
      metadata: schemas,
      stats: new EndpointStats(),
    };
    this.#endpoints.set(subscription, endpoint);
    return endpoint.stats;
  }

  /** Drops a subscriber from the list of endpoints. */
  forget(subscription: HandledSubscription): void {
    this.#endpoints.delete(subscription);
  }

  /** Makes the service discoverable. */
  listen(): void {
    this.#service.listen();
  }

  /** Ends the discoverability. */
  leave(): Promise<void> {
    return this.#service.leave();
  }
}
