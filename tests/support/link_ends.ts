import type {
  NatsBroker,
  OpenSessionOptions,
  Session,
  SessionHandler,
  SessionOptions,
} from "@signalbox/nats";
import type { Stage } from "./profiles.ts";
import { within } from "./within.ts";

/** Both sides of a stage. */
export interface BothBrokers {
  readonly client: NatsBroker;
  readonly service: NatsBroker;
}

/** A service that has started with what is registered on it, and a client that is connected. */
export async function started(
  stage: Stage,
  register: (service: NatsBroker) => void,
): Promise<BothBrokers> {
  const [client, service] = [stage.client(), stage.service()];
  register(service);
  await service.start();
  await client.connect();
  return { client, service };
}

/** Both ends of one session; the one that is served stays until it has ended. */
export interface BothEnds extends BothBrokers {
  readonly opened: Session;
  readonly served: Session;
}

/** What the two ends of a session are like. */
export interface EndsOptions {
  readonly serving?: SessionOptions;
  readonly opening?: OpenSessionOptions;
  /** What is done with the served end; it is over when this is. */
  readonly serve?: SessionHandler;
}

/** Opens one session on `svc.talk`. */
export async function bothEnds(stage: Stage, options: EndsOptions = {}): Promise<BothEnds> {
  const { serving = {}, opening, serve = (session) => session.closed } = options;
  const accepted = Promise.withResolvers<Session>();
  const brokers = await started(stage, (service) => {
    service.session("svc.talk", serving, (session) => {
      accepted.resolve(session);
      return serve(session);
    });
  });
  const opened = await brokers.client.openSession("svc.talk", null, opening);
  const served = await within("the session must be served", accepted.promise);
  return { ...brokers, opened, served };
}

/** The bodies of so many messages. */
export async function take(session: Session, count: number): Promise<unknown[]> {
  const bodies: unknown[] = [];
  while (bodies.length < count) {
    const message = await session.next({ timeout: 10_000 });
    if (!message) break;
    bodies.push(message.body);
  }
  return bodies;
}

/** Everything that comes before a stream or a session ends, and the error with which it does. */
export async function drained<T>(
  source: AsyncIterable<{ readonly body: T }>,
): Promise<{ bodies: T[]; error: unknown }> {
  const bodies: T[] = [];
  let error: unknown;
  const read = async () => {
    try {
      for await (const { body } of source) bodies.push(body);
    } catch (thrown) {
      error = thrown;
    }
  };
  await within("it must come to an end", read(), 15_000);
  return { bodies, error };
}
