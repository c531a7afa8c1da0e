import type { Mistakes } from "./program.ts";

/** Mistakes in bodies, schemas, handlers and sources, and what the compiler says of each, at which token. */
export const MISTAKES_IN_HANDLERS: Mistakes = {
  "a body that does not fit its schema": [
    [
      'broker.publish("orders", "seven", { schema: aNumber });',
      '"seven"',
      "Argument of type 'string' is not assignable to parameter of type 'number'.",
    ],
    [
      'broker.request("orders", "seven", { sendSchema: aNumber });',
      '"seven"',
      "Argument of type 'string' is not assignable to parameter of type 'number'.",
    ],
    [
      "opened.publish(7);",
      "7",
      "Argument of type 'number' is not assignable to parameter of type 'string'.",
    ],
    [
      'placed.publish({ id: "7" }, "twelve");',
      '"twelve"',
      "Argument of type 'string' is not assignable to parameter of type 'number'.",
    ],
    [
      "session.send(7);",
      "7",
      "Argument of type 'number' is not assignable to parameter of type 'string'.",
    ],
    [
      'broker.openSession("chat.7", 7, { openingSchema: aText });',
      "7",
      "Argument of type 'number' is not assignable to parameter of type 'string'.",
    ],
    [
      'broker.session("chat.{room}", { sendSchema: aText }, (session) => session.send(7));',
      "7",
      "Argument of type 'number' is not assignable to parameter of type 'string'.",
    ],
  ],
  "a body that is read as what it is not": [
    ['broker.subscriber("orders", ({ body }) => body.id);', "body", "'body' is of type 'unknown'."],
    [
      'broker.subscriber("orders", { schema: aNumber }, ({ body }) => body.length);',
      "length",
      "Property 'length' does not exist on type 'number'.",
    ],
    [
      'broker.session("chat.{room}", { openingSchema: aNumber }, ({ opening }) => opening.body.length);',
      "length",
      "Property 'length' does not exist on type 'number'.",
    ],
    [
      '(await broker.request("orders", 1)).body.id;',
      '(await broker.request("orders", 1)).body',
      "Object is of type 'unknown'.",
    ],
    [
      '(await broker.request("orders", 1, { schema: aNumber })).body.length;',
      "length",
      "Property 'length' does not exist on type 'number'.",
    ],
    [
      '(await placed.request({ id: "7" }, 12)).body.toFixed();',
      "toFixed",
      "Property 'toFixed' does not exist on type 'string'. Did you mean 'fixed'?",
    ],
    ["(await inbox.next()).body;", "(await inbox.next())", "Object is possibly 'undefined'."],
    [
      'for await (const part of broker.requestStream("rows")) part.length;',
      "length",
      "Property 'length' does not exist on type 'Message<unknown, AnyParams, AnyState>'.",
    ],
  ],
  "something else than a schema": [
    [
      'broker.request("orders", 1, { schema: { parse: Number } });',
      "parse",
      "Object literal may only specify known properties, and 'parse' does not exist in type 'Schema<unknown, unknown>'.",
    ],
    [
      'broker.publisher("orders.{id}", { schema: Number });',
      "schema",
      `Property '"~standard"' is missing in type 'NumberConstructor' but required in type 'Schema<unknown, unknown>'.`,
    ],
    [
      'broker.subscriber("orders", { schema: Number }, () => {});',
      "schema",
      `Property '"~standard"' is missing in type 'NumberConstructor' but required in type 'Schema<unknown, unknown>'.`,
    ],
  ],
  "a subscriber without a handler, or with one": [
    [
      'broker.subscriber("orders", { queue: "workers" }).counts;',
      "counts",
      "Property 'counts' does not exist on type 'ReadSubscriber<unknown, {}>'.",
    ],
    [
      'broker.subscriber("orders", () => {}).next();',
      "next",
      "Property 'next' does not exist on type 'HandlerSubscriber'.",
    ],
    [
      'broker.subscriber("orders.{id}", { schema: aNumber }).next().then((one) => one!.body.length);',
      "length",
      "Property 'length' does not exist on type 'number'.",
    ],
  ],
  "a wrong reply": [
    [
      'broker.subscriber("orders", { replySchema: aNumber }, () => "seven");',
      '"seven"',
      "Type 'string' is not assignable to type 'Replied<number>'.",
    ],
    [
      'broker.subscriber("orders", { replySchema: aNumber }, async () => "seven");',
      '"seven"',
      `Type 'Promise<string>' is not assignable to type 'Replied<number>'.
  Type 'Promise<string>' is not assignable to type 'Promise<number | Reply>'.
    Type 'string' is not assignable to type 'number | Reply'.`,
    ],
    [
      'broker.subscriber("orders", { replySchema: aNumber }, () => {});',
      "() => {}",
      `Argument of type '() => void' is not assignable to parameter of type '(message: Message<unknown, {}, AnyState>) => Replied<number>'.
  Type 'void' is not assignable to type 'Replied<number>'.`,
    ],
  ],
  "a wrong state": [
    [
      'signedIn.subscriber("orders", ({ state }) => state.usr);',
      "usr",
      "Property 'usr' does not exist on type '{ user: string; }'. Did you mean 'user'?",
    ],
    [
      "signedIn.use(({ state }, next) => {state.user = 7; return next(); });",
      "state.user",
      "Type 'number' is not assignable to type 'string'.",
    ],
    [
      "signedIn.include(new NatsRouter<{ tenant: string }>());",
      "new NatsRouter<{ tenant: string }>()",
      `Argument of type 'NatsRouter<{ tenant: string; }>' is not assignable to parameter of type '"a router whose state is a part of the state here"'.`,
    ],
    [
      "broker.include(new NatsRouter<{ user: string }>());",
      "new NatsRouter<{ user: string }>()",
      `Argument of type 'NatsRouter<{ user: string; }>' is not assignable to parameter of type '"a router whose state is a part of the state here"'.`,
    ],
    [
      'broker.use(({ state }) => { state.user = "Ada"; });',
      "state.user",
      "Index signature in type 'AnyState' only permits reading.",
    ],
  ],
  "a wrong source": [
    [
      "broker.subscriber(one, ({ params }) => params.ide);",
      "ide",
      "Property 'ide' does not exist on type '{ readonly id: string; }'.",
    ],
    [
      'broker.subscriber("orders.{id}", ({ job }) => job);',
      "job",
      "Property 'job' does not exist on type 'Message<unknown, { readonly id: string; }, AnyState>'.",
    ],
    [
      "broker.subscriber(one, ({ change }) => change);",
      "change",
      "Property 'change' does not exist on type 'Message<unknown, { readonly id: string; }, AnyState> & Job'.",
    ],
    [
      "broker.subscriber(list, ({ body }) => body);",
      "body",
      `Property 'body' does not exist on type 'readonly GivenBySource<{ pattern: "readings.{room}"; besides: InBatch; batch: true; }, unknown, AnyState>[]'.`,
    ],
    [
      "broker.subscriber(one, { schema: aNumber }, ({ body }) => body.length);",
      "length",
      "Property 'length' does not exist on type 'number'.",
    ],
    [
      "broker.subscriber(list, { schema: aNumber }, ([first]) => first!.body.length);",
      "length",
      "Property 'length' does not exist on type 'number'.",
    ],
    [
      "broker.subscriber(one, { concurency: 1 }, () => {});",
      "concurency",
      "Object literal may only specify known properties, but 'concurency' does not exist in type 'SubscriberOptions<unknown, unknown, AnyState>'. Did you mean to write 'concurrency'?",
    ],
    [
      "broker.subscriber(one, () => {}, { concurrency: 1 });",
      "() => {}",
      "Type '() => void' has no properties in common with type 'SubscriberOptions<unknown, unknown, AnyState>'.",
    ],
    [
      'broker.subscriber(one, { queue: "workers" });',
      "queue",
      `Object literal may only specify known properties, and 'queue' does not exist in type '(message: GivenBySource<{ pattern: "jobs.{id}"; besides: Job; batch: false; }, unknown, AnyState>) => AnyReply'.`,
    ],
    [
      "broker.subscriber(one);",
      "one",
      `Argument of type 'Source<{ pattern: "jobs.{id}"; besides: Job; batch: false; }>' is not assignable to parameter of type 'string'.`,
    ],
    [
      'broker.subscriber({ name: "jobs" }, {}, () => {});',
      '{ name: "jobs" }',
      `Argument of type '{ name: string; }' is not assignable to parameter of type 'string | Source<Kind>'.
  Property '[KIND]' is missing in type '{ name: string; }' but required in type 'Source<Kind>'.`,
    ],
    [
      'broker.subscriber(["orders", "bills"], {}, () => {});',
      '["orders", "bills"]',
      "Argument of type 'string[]' is not assignable to parameter of type 'string | Source<Kind>'.",
    ],
    [
      'consumer(orders, "billing", { subject: "order.{id}.placed" });',
      "subject",
      `Type '"order.{id}.placed"' is not assignable to type '("order.{id}.placed" & { readonly outsideOf: "orders.{id}.{event}"; }) | (readonly string[] & "order.{id}.placed" & { readonly outsideOf: "orders.{id}.{event}"; })'.`,
    ],
    [
      'consumer(orders, "billing", { key: "user" });',
      "key",
      `Type '"user"' is not assignable to type '(string | readonly string[] | ((message: KeyedMessage) => string) | undefined) & "user" & readonly ("id" | "event")[]'.`,
    ],
  ],
};
