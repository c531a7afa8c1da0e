import { InvalidSubjectError } from "@signalbox/nats";
import { until } from "../../support/nats_server/until.ts";
import type { Fault } from "./fault.ts";
import { WORK } from "./service.ts";
import { startServer, urlOf, wayTo } from "./way.ts";

/** How many subscriptions the server lets each connection have. */
const SUBSCRIPTIONS = 20;
/** Bytes: less than the server's usual 4 096, and more than it takes to connect. */
const CONTROL_LINE = 1_024;

/** Everyone is this user, without having to say so. */
const userMay = (subscribe: string) =>
  `authorization: { users: [
    { user: "anyone", password: "secret", permissions: { publish: [">"], subscribe: ${subscribe} } },
  ] }
  no_auth_user: "anyone"`;
const EVERYTHING = userMay('[">"]');
const NO_WORK = userMay(`{ allow: [">"], deny: ["${WORK}"] }`);

/** A reload takes the services their subject, another one gives it back; their way is cut then, so that they ask again. */
export const permissions: Fault = {
  name: "permissions",
  title: "the services may not subscribe for a while, and may again",
  proofs: [],
  full: { faults: 4 },
  quick: { faults: 2 },
  async open({ over }) {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(await startServer(EVERYTHING));
    const proxy = opening.use(await wayTo(server, over));
    const opened = opening.move();
    return {
      sender: [urlOf(server, over)],
      readers: [urlOf(server, over)],
      services: [[proxy.url]],
      strike: async (_, { sender, services }) => {
        const [service] = services;
        const { lost, restored } = service!;
        await server.reload(NO_WORK);
        await until("the service must tell of its loss", () => service!.lost > lost);
        await server.reload(EVERYTHING);
        proxy.cut();
        await until("the service must tell of its return", () => service!.restored > restored);
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  },
};

/** The sender opens inboxes until the server lets it have no more, and closes them. */
export const subscriptions: Fault = {
  name: "subscriptions",
  title: "the sender has no subscription left, and some again",
  proofs: [],
  full: { faults: 8 },
  quick: { faults: 2 },
  async open({ over }) {
    const server = await startServer(`max_subscriptions: ${SUBSCRIPTIONS}`);
    return {
      sender: [urlOf(server, over)],
      readers: [urlOf(server, over)],
      services: [[urlOf(server, over)]],
      strike: async (_, { sender }) => {
        const opening = Array.from({ length: 2 * SUBSCRIPTIONS }, () => sender.broker.openInbox());
        const opened = await Promise.allSettled(opening);
        for (const each of opened) if (each.status === "fulfilled") await each.value.close();
        const refused = opened.filter(({ status }) => status === "rejected").length;
        if (refused === 0) throw new Error("every inbox was opened");
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** The sender publishes to a subject that is longer than the server takes, which hangs up; the next one is refused here. */
export const controlLines: Fault = {
  name: "control lines",
  title: "a subject is longer than the server takes",
  proofs: ["disconnects"],
  full: { faults: 4 },
  quick: { faults: 2 },
  async open({ over }) {
    const server = await startServer(`max_control_line: ${CONTROL_LINE}`);
    return {
      sender: [urlOf(server, over)],
      readers: [urlOf(server, over)],
      services: [[urlOf(server, over)]],
      strike: async (fault, { sender }) => {
        const before = sender.breaks.length;
        const error = await sender.broker.publish("x".repeat(CONTROL_LINE)).catch((error) => error);
        if (fault === 0) await until("the server hangs up", () => sender.breaks.length > before);
        else if (!(error instanceof InvalidSubjectError)) throw new Error("it was sent again");
        await sender.recovered();
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
