import type { Clock } from "../clock.ts";
import { DecodeError, ReplyError, type ValidationError } from "../errors.ts";
import { within } from "../deadline.ts";
import { ERROR_CODES, Reply } from "../message/reply.ts";
import { after, isAsyncIterable, isThenable } from "../promises.ts";
import type { ReceivedMessage } from "../message/message.ts";
import { LONGEST_VALIDATION, type Schema, validate } from "../message/schema.ts";
import { compose, type Link, type Middleware } from "../middleware/middleware.ts";
import { describe } from "../options.ts";
import type { Exchange } from "./exchange.ts";
import type { Handler } from "./subscriber.ts";

/** The registration of one handler on a subject. */
export interface RouteSettings {
  readonly handler: Handler;
  readonly filter: ((message: ReceivedMessage) => boolean) | undefined;
  readonly schema: Schema | undefined;
  readonly replySchema: Schema | undefined;
  readonly middleware: readonly Middleware[];
  /** Whether it handles openings of sessions. */
  readonly isSession?: true;
}

/** What a route needs of its subscriber. */
export interface RouteSurroundings {
  readonly clock: Clock;
  readonly pour: Pour;
  readonly report: (error: Error) => void;
}

/** A handler with its schema and its middleware, composed once. */
export class Route {
  readonly #settings: RouteSettings;
  readonly #handle: (message: ReceivedMessage) => unknown;

  /** `pour` sends the parts of a streamed reply within the middleware, which wraps the whole stream. */
  constructor(
    settings: RouteSettings,
    outer: readonly Middleware[],
    { clock, pour, report }: RouteSurroundings,
  ) {
    this.#settings = settings;
    const { handler, replySchema } = settings;
    const chain = [...outer, ...settings.middleware];
    this.#handle = compose(
      chain.map(linkOf),
      (message) =>
        after(handler(message), (value) => {
          if (!isAsyncIterable(value)) return value;
          return pour(message, value, replySchema && ((part) => checked(replySchema, part, clock)));
        }),
      (name) => {
        const habit = "call next(), or give back what is to be the reply";
        report(new TypeError(`A handler was not run, as a middleware must ${habit}: ${name}`));
      },
    );
  }

  /**
   * Whether this handler takes the message.
   *
   * @throws {TypeError} if the filter returns a promise, which is neither yes nor no
   */
  takes(message: ReceivedMessage): boolean {
    const { filter } = this.#settings;
    if (!filter) return true;
    const taken: unknown = filter(message);
    if (!isThenable(taken)) return Boolean(taken);
    // nobody else awaits it
    Promise.resolve(taken).catch(() => {});
    const { subject } = message;
    throw new TypeError(
      `Cannot choose a handler for "${subject}" as "filter" must give true or false: a promise`,
    );
  }

  /** Validates and handles; returns the reply, or its promise. */
  run(exchange: Exchange): unknown {
    const { message } = exchange;
    const { schema, replySchema } = this.#settings;
    const value = schema
      ? after(validated(schema, exchange), (body) => this.#handle(message.withBody(body)))
      : this.#handle(message);
    if (!replySchema) return value;
    // the parts of a stream have been checked already
    return after(
      value,
      (value) => exchange.isLed ? value : checked(replySchema, value, exchange.clock),
    );
  }
}

/** Makes a link of the chain from a middleware; rejects arguments to `next`, which would silently be lost. */
function linkOf(middleware: Middleware): Link<ReceivedMessage> {
  const link: Link<ReceivedMessage> = (message, next) =>
    middleware(message, (given?: unknown) => {
      if (given === undefined || given === message) return next(message);
      const habit = "next() must be called with nothing: throw errors, and keep values in state";
      return Promise.reject(new TypeError(`Cannot go on as ${habit}: ${describe(given)}`));
    });
  return Object.defineProperty(link, "name", { value: middleware.name });
}

/** Checks a part; returns the part, or a promise of it. */
export type PartCheck = (part: unknown) => unknown;

/** Sends the parts of a reply as they are made. */
export type Pour = (
  message: ReceivedMessage,
  parts: AsyncIterable<unknown>,
  check: PartCheck | undefined,
) => Promise<void>;

/**
 * Checks a reply and returns it unchanged: transforming it is for the receiver's schema. A reply that does not fit is
 * the handler's fault, not the caller's.
 */
function checked(schema: Schema, value: unknown, clock: Clock): unknown {
  const valid = validate(schema, value instanceof Reply ? value.body : value);
  if (!(valid instanceof Promise)) return value;
  return within(valid, { clock, timeout: LONGEST_VALIDATION }, "validate a reply").then(() =>
    value
  );
}

/**
 * Decodes the body.
 *
 * @throws {ReplyError} with 400, if the body does not match its content type
 */
export function decode(message: ReceivedMessage): void {
  try {
    void message.body;
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ReplyError(ERROR_CODES.badRequest, cause.message, undefined, { cause });
  }
}

function validated(schema: Schema, { message, deadline, clock }: Exchange): unknown {
  const valid = validate(schema, message.body, refusal);
  if (!(valid instanceof Promise)) return valid;
  const timeout = Math.max(0, Math.min(LONGEST_VALIDATION, deadline - clock.now()));
  return within(valid, { clock, timeout }, "validate a body");
}

function refusal(cause: ValidationError): ReplyError {
  const { message, issues } = cause;
  return new ReplyError(ERROR_CODES.badRequest, message, { issues }, { cause });
}
