import type { Mistakes } from "./program.ts";

/** Mistakes in calls of a broker and of what it gives, and what the compiler says of each, at which token. */
export const MISTAKES_IN_CALLS: Mistakes = {
  "a wrong option": [
    [
      'new NatsBroker("nats://127.0.0.1:4222", { inboxprefix: "_CUSTOM" });',
      "inboxprefix",
      "Object literal may only specify known properties, but 'inboxprefix' does not exist in type 'BrokerOptions'. Did you mean to write 'inboxPrefix'?",
    ],
    [
      'new NatsBroker("nats://127.0.0.1:4222", { requestTimeout: true });',
      "requestTimeout",
      "Type 'true' is not assignable to type 'Duration | undefined'.",
    ],
    [
      'new NatsBroker("nats://127.0.0.1:4222", { user: "ada", password: "pw" });',
      "user",
      "Object literal may only specify known properties, and 'user' does not exist in type 'BrokerOptions'.",
    ],
    [
      'new NatsBroker("nats://127.0.0.1:4222", { auth: { user: "ada", token: "tok" } });',
      "auth",
      "Type '{ user: string; token: string; }' is not assignable to type 'Auth | AuthSource | undefined'.\n  Types of property 'token' are incompatible.\n    Type 'string' is not assignable to type 'undefined'.",
    ],
    [
      'new NatsBroker("nats://127.0.0.1:4222", { auth: { pass: "pw" } });',
      "pass",
      "Object literal may only specify known properties, and 'pass' does not exist in type 'Auth | AuthSource'.",
    ],
    [
      'new NatsBroker({ servers: "nats://127.0.0.1:4222" });',
      "servers",
      "Object literal may only specify known properties, and 'servers' does not exist in type 'readonly string[]'.",
    ],
    ['new NatsRouter("v1.");', '"v1."', "Expected 0 arguments, but got 1."],
    [
      'broker.include(router, "v1.");',
      '"v1."',
      `Type '"v1."' has no properties in common with type 'IncludeOptions'.`,
    ],
    [
      "broker.use(router);",
      "router",
      "Argument of type 'NatsRouter<AnyState>' is not assignable to parameter of type 'Middleware<AnyState> | MiddlewarePair<AnyState>'.",
    ],
    ["broker.use(() => 1, () => 2);", "() => 2", "Expected 1 arguments, but got 2."],
    [
      "broker.stop(5_000);",
      "5_000",
      "Type '5000' has no properties in common with type 'TimeoutOptions'.",
    ],
    [
      'broker.publish("orders", 1, { reply: "answers" });',
      "reply",
      "Object literal may only specify known properties, but 'reply' does not exist in type 'PublishOptions<unknown>'. Did you mean to write 'replyTo'?",
    ],
    [
      'broker.request("orders", 1, { timout: 50 });',
      "timout",
      "Object literal may only specify known properties, but 'timout' does not exist in type 'RequestOptions<unknown, unknown>'. Did you mean to write 'timeout'?",
    ],
    [
      'broker.requestMany("orders", 1, { maxMessages: 3 });',
      "maxMessages",
      "Object literal may only specify known properties, and 'maxMessages' does not exist in type 'RequestManyOptions<unknown, unknown>'.",
    ],
    [
      'broker.requestMany("orders", 1, { sentinel: "end" });',
      "sentinel",
      "Type 'string' is not assignable to type 'boolean | ((message: Message<unknown, AnyParams, AnyState>) => boolean) | undefined'.",
    ],
    [
      "broker.openInbox({ maximum: 1 });",
      "maximum",
      "Object literal may only specify known properties, and 'maximum' does not exist in type 'InboxOptions<unknown>'.",
    ],
    [
      'broker.openInbox({ overflow: "drop" });',
      "overflow",
      `Type '"drop"' is not assignable to type 'Overflow | undefined'.`,
    ],
    [
      'broker.publisher("orders.{id}", { reply: aText });',
      "reply",
      `Object literal may only specify known properties, and 'reply' does not exist in type 'PublisherOptions<unknown, unknown, "id">'.`,
    ],
    [
      'broker.subscriber("orders", { que: "workers" }, () => {});',
      "que",
      "Object literal may only specify known properties, and 'que' does not exist in type 'SubscriberOptions<unknown, unknown, AnyState>'.",
    ],
    [
      'broker.subscriber("orders", { que: "workers" });',
      "que",
      "Object literal may only specify known properties, and 'que' does not exist in type '((message: Message<unknown, {}, AnyState>) => AnyReply) | ReadOptions<unknown>'.",
    ],
    [
      'broker.subscriber("orders", { replySchema: aNumber });',
      "replySchema",
      "Object literal may only specify known properties, and 'replySchema' does not exist in type '((message: Message<unknown, {}, AnyState>) => AnyReply) | ReadOptions<unknown>'.",
    ],
    [
      'broker.subscriber("orders", "workers");',
      '"workers"',
      "Argument of type 'string' is not assignable to parameter of type '((message: Message<unknown, {}, AnyState>) => AnyReply) | ReadOptions<unknown>'.",
    ],
    [
      'broker.subscriber("orders", undefined);',
      "undefined",
      "Argument of type 'undefined' is not assignable to parameter of type '((message: Message<unknown, {}, AnyState>) => AnyReply) | ReadOptions<unknown>'.",
    ],
    [
      "broker.subscriber(5, () => {});",
      "5",
      "Argument of type 'number' is not assignable to parameter of type 'string | Source<Kind>'.",
    ],
    [
      'broker.subscriber("orders", { concurrency: "4" }, () => {});',
      "concurrency",
      "Type 'string' is not assignable to type 'number'.",
    ],
    [
      'broker.subscriber("orders", () => {}, { queue: "workers" });',
      "() => {}",
      "Type '() => void' has no properties in common with type 'SubscriberOptions<unknown, unknown, AnyState>'.",
    ],
    [
      'broker.subscriber("orders", { filter: async () => true }, () => {});',
      "filter",
      `Type '() => Promise<boolean>' is not assignable to type '(message: Message<unknown, AnyParams, AnyState>) => boolean'.
  Type 'Promise<boolean>' is not assignable to type 'boolean'.`,
    ],
    [
      'reply({ id: 7 }, { header: { tenant: "eu" } });',
      "header",
      "Object literal may only specify known properties, but 'header' does not exist in type 'ReplyOptions'. Did you mean to write 'headers'?",
    ],
    [
      "TestBroker.start(broker, { port: 4222 });",
      "port",
      `Object literal may only specify known properties, and 'port' does not exist in type 'Omit<EmbeddedServerOptions, "webSocket" | "hostname" | "port" | "listen">'.`,
    ],
    [
      'broker.include(router, { prefx: "v1." });',
      "prefx",
      "Object literal may only specify known properties, but 'prefx' does not exist in type 'IncludeOptions'. Did you mean to write 'prefix'?",
    ],
    [
      "broker.use({ consumer: () => 1 });",
      "consumer",
      "Object literal may only specify known properties, and 'consumer' does not exist in type 'Middleware<AnyState> | MiddlewarePair<AnyState>'.",
    ],
  ],
  "a missing or misplaced value": [
    [
      'broker.publish({ id: 7 }, "orders");',
      "{ id: 7 }",
      "Argument of type '{ id: number; }' is not assignable to parameter of type 'string'.",
    ],
    ["opened.publish();", "publish", "Expected 1-2 arguments, but got 0."],
    [
      'opened.publish({ part: "bakery" }, "at nine");',
      '{ part: "bakery" }',
      "Argument of type '{ part: string; }' is not assignable to parameter of type 'string'.",
    ],
    ["placed.publish(12);", "publish", "Expected 2-3 arguments, but got 1."],
    ['placed.publish({ id: "7" });', "publish", "Expected 2-3 arguments, but got 1."],
    [
      'named.publish("body");',
      '"body"',
      "Argument of type 'string' is not assignable to parameter of type '{ readonly id: string; }'.",
    ],
    ['broker.session("chat.{room}");', "session", "Expected 2-3 arguments, but got 1."],
    [
      'throw new ReplyError("No such order");',
      'new ReplyError("No such order")',
      "Expected 2-4 arguments, but got 1.",
    ],
  ],
  "a promise that is not awaited": [
    [
      "broker.publish(broker.newInbox(), 1);",
      "broker.newInbox()",
      "Argument of type 'Promise<string>' is not assignable to parameter of type 'string'.",
    ],
    [
      'broker.request("orders", 1).body;',
      "body",
      "Property 'body' does not exist on type 'Promise<Message<unknown, AnyParams, AnyState>>'.",
    ],
    [
      'broker.subscriber("orders", Promise.resolve());',
      "Promise.resolve()",
      "Argument of type 'Promise<void>' is not assignable to parameter of type '((message: Message<unknown, {}, AnyState>) => AnyReply) | ReadOptions<unknown>'.",
    ],
    [
      "inbox.next().body;",
      "body",
      "Property 'body' does not exist on type 'Promise<Message<unknown, AnyParams, AnyState> | undefined>'.",
    ],
    [
      'test.published("orders.{id}").length;',
      "length",
      "Property 'length' does not exist on type 'Promise<readonly Message<unknown, { readonly id: string; }, AnyState>[]>'.",
    ],
  ],
  "a misspelt parameter": [
    [
      'placed.publish({ idd: "7" }, 12);',
      "idd",
      "Object literal may only specify known properties, and 'idd' does not exist in type '{ readonly id: string; }'.",
    ],
    ["placed.publish({ id: 7 }, 12);", "id", "Type 'number' is not assignable to type 'string'."],
    [
      'broker.subscriber("orders.{id}", ({ params }) => params.ide);',
      "ide",
      "Property 'ide' does not exist on type '{ readonly id: string; }'.",
    ],
    [
      'broker.subscriber("orders.*", ({ params }) => params.id);',
      "id",
      "Property 'id' does not exist on type '{}'.",
    ],
    [
      'broker.session("chat.{room}", (session) => session.params.rom);',
      "rom",
      "Property 'rom' does not exist on type '{ readonly room: string; }'. Did you mean 'room'?",
    ],
    [
      '(await test.published("orders.{id}"))[0]?.params.ide;',
      "ide",
      "Property 'ide' does not exist on type '{ readonly id: string; }'.",
    ],
  ],
};
