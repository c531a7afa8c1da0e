import { createInbox, type NatsConnection } from "@nats-io/transport-deno";
import type { Ends } from "../ends.ts";
import { AT_ONCE, lanes } from "../lanes.ts";
import type { Side, Work } from "../work.ts";
import {
  answerChecked,
  answerTyped,
  type Listen,
  listen,
  listenBare,
  SUBJECT,
} from "./listening.ts";
import type { OrderSchema } from "./order_schema.ts";
import {
  areAnswers,
  encoded,
  headersOf,
  idOf,
  JSON_TYPE,
  orderOf,
  type Told,
  told,
} from "./orders.ts";

const MIDDLEWARES = 5;

/** The handler alone, under a load that is the same bare connection's for both sides. */
export function handlers(
  ends: Ends,
  { kind, schema }: OrderSchema,
): readonly Work<readonly Told[]>[] {
  const pass = (_: unknown, next: () => Promise<unknown>) => next();
  const middleware = Array.from({ length: MIDDLEWARES }, () => pass);
  const bare = loading(ends, () => listenBare(ends, answerTyped));
  const work = { unit: "requests", aim: 0.9, rival: bare, right: areAnswers };
  return [
    { ...work, name: "handler", ours: loading(ends, () => listen(ends)) },
    {
      ...work,
      name: `handler, ${kind}`,
      ours: loading(ends, () => listen(ends, { schema })),
      rival: loading(ends, () => listenBare(ends, answerChecked(schema))),
    },
    {
      ...work,
      name: `handler, ${MIDDLEWARES} middlewares`,
      aim: 0.8,
      ours: loading(ends, () => listen(ends, { middleware })),
    },
  ];
}

/** Sends each order again as soon as it is answered; the load is to cost as little as it can. */
function loading(ends: Ends, listen: Listen): Side<readonly Told[]> {
  return async (operations) => {
    await using _listener = await listen();
    await using load = await ends.connect();
    let left = Math.max(0, operations - AT_ONCE);
    const again = () => left-- > 0;
    return await Promise.all(lanes(operations, (lane) => ask(load, lane, again)));
  };
}

function ask(load: NatsConnection, lane: number, again: () => boolean): Promise<Told> {
  const { promise, resolve } = Promise.withResolvers<Told>();
  const reply = createInbox();
  const data = encoded(orderOf(lane));
  const options = { reply, headers: headersOf(JSON_TYPE, idOf(lane)) };
  const send = () => load.publish(SUBJECT, data, options);
  load.subscribe(reply, {
    callback(_error, message) {
      if (again()) send();
      else resolve(told(message, message.json()));
    },
  });
  send();
  return promise;
}
