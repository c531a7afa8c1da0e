/** A line of a program, the token at which the compiler complains, and what it says. */
export type Mistake = readonly [line: string, token: string, says: string];

/** Mistakes by their kind. */
export type Mistakes = Readonly<Record<string, readonly Mistake[]>>;

const here = (file: string) => new URL(file, import.meta.url).href;

/** What the lines stand on. */
export const HEAD: readonly string[] = [
  'import { NatsBroker, NatsRouter, reply, ReplyError } from "@signalbox/nats";',
  'import { consumer, stream } from "@signalbox/nats/jetstream";',
  'import { TestBroker } from "@signalbox/nats/testing";',
  `import { type Door, register } from "${here("../../../src/door/mod.ts")}";`,
  `import { aNumber, aText } from "${here("../schemas.ts")}";`,
  `import { batches } from "${here("../sources/batch_source.ts")}";`,
  `import { jobs } from "${here("../sources/job_source.ts")}";`,
  "const broker = new NatsBroker();",
  "const router = new NatsRouter();",
  "const signedIn = new NatsBroker<{ user: string }>();",
  "interface Signed { user: string }",
  "declare const door: Door;",
  'const one = jobs("shop", "jobs.{id}");',
  'const list = batches("b", "readings.{room}", { max: 1, within: 1 });',
  'const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"] });',
  'const opened = broker.publisher("shop.opened", { schema: aText });',
  'const placed = broker.publisher("orders.{id}", { schema: aNumber, replySchema: aText });',
  'const named = broker.publisher("orders.{id}" as string, { params: ["id"] });',
  "const inbox = await broker.openInbox();",
  'const session = await broker.openSession("chat.7", null, { sendSchema: aText });',
  "const test = await TestBroker.start(broker);",
];
