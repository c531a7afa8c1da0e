import type { HandlerSubscriber, Message, NatsBroker } from "@signalbox/nats";
import { delay } from "../../support/delay.ts";
import { REPLIES, THROWN } from "./oddities.ts";
import { numbered, schemaOf } from "./schemas.ts";

const fail = (value: unknown): never => {
  throw value;
};

/** Schemas that do what schemas should not, beside two that do what they should. */
const SCHEMAS = {
  now: schemaOf(numbered),
  later: schemaOf(async (value) => {
    await delay(0);
    return numbered(value);
  }),
  throws: schemaOf(() => fail(new Error("no"))),
  rejects: schemaOf(() => Promise.reject(undefined)),
  nothing: schemaOf(() => undefined as never),
};

/** Every subject of the service. */
export const SUBJECTS: readonly string[] = [
  "bad.echo",
  "bad.later",
  "bad.reply",
  "bad.filtered",
  ...Object.keys(SCHEMAS).map((kind) => `bad.schema.${kind}`),
  ...Object.keys(THROWN).flatMap((kind) => [`bad.throws.${kind}`, `bad.rejects.${kind}`]),
  ...Object.keys(REPLIES).flatMap((kind) => [`bad.gives.${kind}`, `bad.resolves.${kind}`]),
];

/** Registers handlers that do all that handlers do, and much of what they should not. */
export function registerService(broker: NatsBroker): ReadonlySet<HandlerSubscriber> {
  broker.use(async (message, next) => {
    if (message.headers.has("x-refused")) throw "a middleware refuses";
    return await next();
  });
  broker.use(({ headers }, next) => headers.has("x-taken") ? "taken" : next());
  const odd = ({ body }: Message) => (body as { n: number }).n % 2 === 1;
  const numbers = { replySchema: SCHEMAS.later };
  return new Set([
    broker.subscriber("bad.echo", ({ body }) => body),
    broker.subscriber("bad.later", async ({ body }) => {
      await delay(1);
      return body;
    }),
    broker.subscriber("bad.reply", numbers, ({ body }) => body as never),
    broker.subscriber("bad.filtered", { filter: odd }, () => "odd"),
    broker.subscriber("bad.filtered", { filter: ({ data }) => data.length > 9 }, () => "long"),
    ...Object.entries(SCHEMAS).map(([kind, schema]) =>
      broker.subscriber(`bad.schema.${kind}`, { schema }, ({ body }) => body)
    ),
    ...oddHandlers(broker),
  ]);
}

function oddHandlers(broker: NatsBroker): HandlerSubscriber[] {
  return [
    broker.subscriber("bad.throws.{kind}", ({ params }) => fail(THROWN[params.kind]!.make())),
    broker.subscriber("bad.rejects.{kind}", async ({ params }) => {
      await delay(0);
      fail(THROWN[params.kind]!.make());
    }),
    broker.subscriber("bad.gives.{kind}", ({ params }) => REPLIES[params.kind]!.make()),
    broker.subscriber("bad.resolves.{kind}", async ({ params }) => {
      await delay(0);
      return REPLIES[params.kind]!.make();
    }),
  ];
}
