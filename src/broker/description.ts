import { type JsonSchema, jsonSchemaOf } from "../message/schema.ts";
import type { HandledSubscription } from "../subscriber/handled_subscription.ts";
import { type RouteSettings, servedBy, SessionOpener } from "../subscriber/route.ts";
import type { BrokerCore } from "./broker_core.ts";
import type { Registry } from "./registry.ts";
import {
  type HandlerStats,
  handlerStats,
  type OpenSessions,
  openSessions,
  plainOf,
  type ReaderStats,
  readerStats,
} from "./stats.ts";

/**
 * What a broker consists of, as plain data; `broker.describe()` gives it.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("orders.{id}", { queue: "shop" }, () => {});
 * broker.publisher("bills.{id}");
 * await using _test = await TestBroker.start(broker);
 *
 * const { handlers, publishers } = broker.describe();
 * assertEquals(handlers.map(({ subject, queue }) => [subject, queue]), [["orders.*", "shop"]]);
 * assertEquals(publishers, [{ pattern: "bills.{id}", schemas: {} }]);
 * ```
 */
export interface BrokerDescription {
  /** The current or last server; `undefined` before the first connect. */
  readonly server: { readonly url: string; readonly version: string } | undefined;
  /** The subscribers with handlers, those of sessions included. */
  readonly handlers: readonly HandlerDescription[];
  /** The subscribers without handlers. */
  readonly readers: readonly ReaderDescription[];
  /** The sessions and streamed replies that are open now, served and opened here, by subject. */
  readonly sessions: readonly OpenSessions[];
  /** The publishers; those of one pattern with the same schemas are one. */
  readonly publishers: readonly PublisherDescription[];
  /** The sources that messages come from, other than subjects. */
  readonly sources: readonly SourceDescription[];
  /** The doors, such as JetStream. */
  readonly doors: readonly DoorDescription[];
}

/** A subscriber with handlers, and its counts. */
export interface HandlerDescription extends HandlerStats {
  /** The wildcard for the server: every parameter of the pattern is a `*`. */
  readonly subject: string;
  /** Its handlers, in order: several share a pattern by their option `filter`. */
  readonly routes: readonly RouteDescription[];
}

/** One handler of a subscriber. */
export interface RouteDescription {
  /** One reply, a streamed reply, or a session. */
  readonly serves: "values" | "parts" | "sessions";
  /** Whether it takes only some messages. */
  readonly isFiltered: boolean;
  /** The schemas that offer JSON Schema, by the names of the options; they describe what travels. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** A subscriber without a handler, and its counts. */
export interface ReaderDescription extends ReaderStats {
  /** The wildcard for the server: every parameter of the pattern is a `*`. */
  readonly subject: string;
  /** The schemas that offer JSON Schema, by the names of the options. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** A publisher. */
export interface PublisherDescription {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;
  /** The schemas that offer JSON Schema, by the names of the options. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** A source. */
export interface SourceDescription {
  /** The name of the source. */
  readonly name: string;
  /** The pattern of its subjects. */
  readonly pattern: string;
  /** What the source says of itself. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A door. */
export interface DoorDescription {
  /** The name of the door. */
  readonly name: string;
  /** What the door says of itself. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Describes a broker. What cannot be described is left out, and reported. */
export function describeBroker(core: BrokerCore, registry: Registry): BrokerDescription {
  const { handled, readers, publishers } = registry;
  const { server, version } = core.connection.server;
  const written = (of: string, schemas: object) => schemasOf(core, of, schemas);
  return {
    server: server === "" ? undefined : { url: server, version },
    handlers: handled.map((each) => ({
      ...handlerStats(each),
      subject: each.subject,
      routes: each.routes.map((route) => describeRoute(route, each.pattern, written)),
    })),
    readers: readers.map((each) => ({
      ...readerStats(each),
      subject: each.subject,
      schemas: written(`the reader of "${each.pattern}"`, { schema: each.schema }),
    })),
    sessions: openSessions(core),
    publishers: publishers.map(({ pattern, ...schemas }) => ({
      pattern,
      schemas: written(`the publisher of "${pattern}"`, schemas),
    })),
    sources: sourcesOf(core, handled),
    doors: core.doors.all.flatMap((door) => {
      const { name } = door;
      const details = plainOf(core, `the door "${name}"`, () => door.describe?.() ?? {});
      return details ? [{ name, details }] : [];
    }),
  };
}

type Written = (of: string, schemas: object) => Readonly<Record<string, JsonSchema>>;

function describeRoute(route: RouteSettings, pattern: string, written: Written): RouteDescription {
  const { handler, schema, replySchema, filter } = route;
  const schemas = handler instanceof SessionOpener
    ? { openingSchema: schema, ...handler.schemas }
    : { schema, replySchema };
  return {
    serves: servedBy(route),
    isFiltered: filter !== undefined,
    schemas: written(`the handler of "${pattern}"`, schemas),
  };
}

function schemasOf(core: BrokerCore, of: string, schemas: object): Record<string, JsonSchema> {
  const written: Record<string, JsonSchema> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    const read = plainOf(core, `"${name}" of ${of}`, () => jsonSchemaOf(schema));
    if (read) written[name] = read;
  }
  return written;
}

/** A source that several handlers share is one. */
function sourcesOf(
  core: BrokerCore,
  handled: readonly HandledSubscription[],
): readonly SourceDescription[] {
  const drivers = new Map(handled.map(({ key, driver }) => [key, driver]));
  return [...drivers].flatMap(([key, driver]) => {
    if (typeof key === "string") return [];
    const { name } = key;
    const details = plainOf(core, `the source "${name}"`, () => driver.description ?? {});
    return details ? [{ name, pattern: driver.pattern, details }] : [];
  });
}
