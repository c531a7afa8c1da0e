import type { BrokerOptions } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { NatsServer } from "./nats_server/nats_server.ts";

/** What a server permits a service, and what the brokers of both sides are made with. */
export interface LimitedUsers {
  readonly tag: string;
  readonly allowResponses: true | { readonly max: number };
  readonly client: BrokerOptions;
  readonly service: BrokerOptions;
}

const PASSWORD = "secret";

function limitedUsers(allowResponses: LimitedUsers["allowResponses"]): LimitedUsers {
  const reconnect = { minDelay: 20, maxDelay: 50 };
  const common: BrokerOptions = { logger: false, reconnect };
  const as = (user: string) => ({ ...common, auth: { user, password: PASSWORD } });
  return {
    tag: `allow_responses: ${allowResponses === true ? "true" : `max ${allowResponses.max}`}`,
    allowResponses,
    client: { ...as("client"), inboxPrefix: "_CLIENT" },
    service: { ...as("service"), inboxPrefix: "_SVC", allowResponses },
  };
}

/** A service that may only answer, once or more often. */
export const LIMITED: readonly LimitedUsers[] = [limitedUsers(true), limitedUsers({ max: 16 })];

/** Runs a behaviour on a server with these users, which ends its brokers, and sees that nothing was forbidden. */
export async function onLimitedServer(
  { allowResponses }: LimitedUsers,
  behaviour: (server: NatsServer) => Promise<void>,
): Promise<void> {
  await using server = await NatsServer.start({ config: configOf(allowResponses) });
  await behaviour(server);
  const found = (await server.log()).split("\n").filter((line) => /\bViolation\b/i.test(line));
  assertEquals(found, [], "nothing may be done that the server does not permit");
}

function configOf(allowResponses: LimitedUsers["allowResponses"]): string {
  const answers = allowResponses === true
    ? "true"
    : `{ max: ${allowResponses.max}, expires: "2m" }`;
  // a busy machine may let the two seconds pass that it is by default
  return `authorization: { timeout: 20, users: [
    { user: "service", password: "${PASSWORD}", permissions: {
      subscribe: ["svc.>", "_SVC.>"], allow_responses: ${answers} } },
    { user: "client", password: "${PASSWORD}", permissions: {
      publish: ["svc.>", "_SVC.>"], subscribe: ["_CLIENT.>"] } },
  ] }`;
}
