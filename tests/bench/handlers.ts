import { connect, createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-deno";
import { NatsBroker } from "../../mod.ts";
import { type Ends, PATIENCE } from "./ends.ts";
import type { Side, Work } from "./work.ts";

const AT_ONCE = 64;
const TYPE = "application/json";
const encoder = new TextEncoder();

/** An answer, told the same way whichever side it came from. */
interface Told {
  readonly order: number;
  readonly body: unknown;
  readonly type: string | undefined;
  readonly id: string | undefined;
}

interface Order {
  readonly item: string;
  readonly count: number;
}

/** Handlers of JSON, and the whole way to one and back. */
export function handlers(ends: Ends): readonly Work<readonly Told[]>[] {
  const handled = once(() => handle(ends, "bench.handled", 0));
  const wrapped = once(() => handle(ends, "bench.wrapped", 5));
  const bare = once(() => handleBare(ends, "bench.bare"));
  const plain = once(() => handlePlain(ends, "bench.plain"));
  const loaded = { unit: "requests", rival: loading(ends, bare), right: areRight };
  const asked = { unit: "requests", ours: asking(ends, handled), right: areRight };
  return [
    { ...loaded, name: "handler", aim: 0.9, ours: loading(ends, handled) },
    { ...loaded, name: "handler, 5 middlewares", aim: 0.8, ours: loading(ends, wrapped) },
    { ...asked, name: "round trip, with headers", aim: 1.5, rival: askingBare(ends, bare, true) },
    {
      ...asked,
      name: "round trip",
      aim: 1.5,
      rival: askingBare(ends, plain, false),
      right: (answers) => arePlain(answers),
    },
  ];
}

/** Subscribes when it is first called; the ends unsubscribe when they close. */
function once(subscribe: () => Promise<string>): () => Promise<string> {
  let subscribed: Promise<string> | undefined;
  return () => subscribed ??= subscribe();
}

async function handle({ broker }: Ends, subject: string, middlewares: number): Promise<string> {
  const middleware = Array.from({ length: middlewares }, () => (_: unknown, next: () => unknown) => next());
  await broker.subscriber(subject, ({ body }) => doubled(body as Order), { middleware }).start();
  return subject;
}
