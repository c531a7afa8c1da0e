import { within } from "../deadline.ts";
import { DecodeError, ReplyError, type ValidationError } from "../errors.ts";
import { type LinkSettings, linkSettings, type SessionOptions } from "../link/link_options.ts";
import type { SessionHandler } from "../link/session.ts";
import type { ReceivedMessage } from "../message/message.ts";
import { ERROR_CODES, Reply } from "../message/reply.ts";
import { checkSent, LONGEST_VALIDATION, type Schema, validate } from "../message/schema.ts";
import { compose, type Middleware, type Step } from "../middleware/middleware.ts";
import { describe } from "../options.ts";
import { after, isAsyncGenerator, isAsyncIterable, isThenable } from "../promises.ts";
import { BatchInvocation, type Invocation } from "../source/invocation.ts";
import type { PartCheck } from "../source/source.ts";
import type { RequestInvocation } from "./request_invocation.ts";
import type { SessionServer } from "./session_server.ts";
import type { Handler } from "./subscriber.ts";

/** The registration of one handler. */
export interface RouteSettings {
  readonly handler: Handler | SessionOpener;
  readonly filter: ((message: ReceivedMessage) => boolean) | undefined;
  readonly schema: Schema | undefined;
  readonly replySchema: Schema | undefined;
  readonly middleware: readonly Middleware[];
}

/** Opens the sessions of a handler, by code that is loaded before the first one. */
export class SessionOpener {
  readonly settings: LinkSettings;
  readonly #pattern: string;
  readonly #options: SessionOptions;
  readonly #handler: SessionHandler;
  #server: SessionServer | undefined;

  constructor(pattern: string, options: SessionOptions, handler: SessionHandler) {
    this.settings = linkSettings(`serve sessions on "${pattern}"`, options);
    this.#pattern = pattern;
    this.#options = options;
    this.#handler = handler;
  }

  /** The schemas of what comes in after the opening, and of what goes out. */
  get schemas(): { readonly schema: Schema | undefined; readonly sendSchema: Schema | undefined } {
    const { schema, sendSchema } = this.#options;
    return { schema, sendSchema };
  }

  /** Loads the code of sessions. */
  async load(): Promise<SessionServer> {
    const { SessionServer } = await import("./session_server.ts");
    return this.#server ??= new SessionServer({
      pattern: this.#pattern,
      settings: this.settings,
      options: this.#options,
      handler: this.#handler,
    });
  }

  /** Runs the handler with a session. */
  open(invocation: RequestInvocation): Promise<void> {
    if (this.#server) return this.#server.serve(invocation);
    return this.load().then((server) => server.serve(invocation));
  }
}

/** The registration of a handler of sessions. */
export function sessionRoute(
  pattern: string,
  options: SessionOptions,
  handler: SessionHandler,
): RouteSettings {
  const { openingSchema: schema, middleware = [] } = options;
  const opener = new SessionOpener(pattern, options, handler);
  return { handler: opener, schema, middleware, filter: undefined, replySchema: undefined };
}

/** What the handler of a route makes of a message. */
export function servedBy({ handler }: RouteSettings): "values" | "parts" | "sessions" {
  if (handler instanceof SessionOpener) return "sessions";
  return isAsyncGenerator(handler) ? "parts" : "values";
}

/** How a route handles its invocations. */
export interface RoutePlan {
  /** Sends the parts of a streamed reply within the middleware, which wraps the whole stream. */
  readonly stream: (
    invocation: Invocation,
    parts: AsyncIterable<unknown>,
    check: PartCheck | undefined,
  ) => unknown;
  readonly report: (error: Error) => void;
}

/** A handler with its schema and its middleware, composed once. */
export class Route {
  readonly #settings: RouteSettings;
  readonly #handle: (invocation: Invocation) => unknown;

  constructor(
    settings: RouteSettings,
    outer: readonly Middleware[],
    { stream, report }: RoutePlan,
  ) {
    this.#settings = settings;
    const { handler, replySchema } = settings;
    const run = handler instanceof SessionOpener
      ? (invocation: Invocation) => handler.open(invocation as RequestInvocation)
      : (invocation: Invocation) => handler(invocation.given as ReceivedMessage);
    const chain = [...outer, ...settings.middleware];
    this.#handle = compose(
      chain.map(stepOf),
      (invocation) =>
        after(run(invocation), (value) => {
          if (!isAsyncIterable(value)) return value;
          const check = replySchema &&
            ((part: unknown) => checked(replySchema, part, invocation));
          return stream(invocation, value, check);
        }),
      (name) => {
        const habit = "call next(), or return a reply";
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
  run(invocation: Invocation): unknown {
    const { schema, replySchema } = this.#settings;
    const value = schema
      ? after(
        validated(schema, invocation),
        () => isEmpty(invocation) ? undefined : this.#handle(invocation),
      )
      : this.#handle(invocation);
    if (!replySchema) return value;
    // the parts of a stream have been checked already
    return after(
      value,
      (value) => invocation.isUpgraded ? value : checked(replySchema, value, invocation),
    );
  }
}

/** Makes a step of the chain from a middleware; rejects arguments to `next`, which would silently be lost. */
function stepOf(middleware: Middleware): Step<Invocation> {
  const step: Step<Invocation> = (invocation, next) =>
    middleware(invocation.message, (given?: unknown) => {
      if (given === undefined || given === invocation.message) return next(invocation);
      const habit = "next() takes no arguments: throw errors, and keep values in state";
      return Promise.reject(new TypeError(`Cannot go on as ${habit}: ${describe(given)}`));
    });
  return Object.defineProperty(step, "name", { value: middleware.name });
}

/**
 * Checks a reply and returns it unchanged: transforming it is for the receiver's schema. A reply that does not fit is
 * the handler's fault, not the caller's.
 */
function checked(schema: Schema, value: unknown, { clock }: Invocation): unknown {
  const valid = checkSent(schema, value instanceof Reply ? value.body : value);
  if (!valid) return value;
  return within(valid, { clock, timeout: LONGEST_VALIDATION }, "validate a reply").then(() =>
    value
  );
}

/**
 * Decodes the body, or the bodies of a batch.
 *
 * @throws {ReplyError} with 400, if a body does not match its content type
 */
export function decodeAll(invocation: Invocation): void {
  if (!(invocation instanceof BatchInvocation)) return decode(invocation.message);
  invocation.replaceFit(invocation.messages.map((message) => {
    try {
      decode(message);
      return { status: "fulfilled", value: message };
    } catch (reason) {
      return { status: "rejected", reason };
    }
  }));
}

/** Whether no message of a batch is fit for the handler. */
export function isEmpty(invocation: Invocation): boolean {
  return invocation instanceof BatchInvocation && invocation.messages.length === 0;
}

/** Does the same for one message. */
export function decode(message: ReceivedMessage): void {
  try {
    void message.body;
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ReplyError(ERROR_CODES.badRequest, cause.message, undefined, { cause });
  }
}

/** Replaces the message, or each of a batch, by one with the body that the schema makes. */
function validated(schema: Schema, invocation: Invocation): unknown {
  if (invocation instanceof BatchInvocation) return batchValidated(schema, invocation);
  const { message } = invocation;
  return after(validatedBody(schema, message, invocation), (body) => {
    invocation.message = message.withBody(body);
  });
}

async function batchValidated(schema: Schema, invocation: BatchInvocation): Promise<void> {
  const { messages } = invocation;
  const valid = messages.map(async (message) =>
    message.withBody(await validatedBody(schema, message, invocation))
  );
  invocation.replaceFit(await Promise.allSettled(valid));
}

function validatedBody(
  schema: Schema,
  message: ReceivedMessage,
  { deadline, clock }: Invocation,
): unknown {
  const valid = validate(schema, message.body, refusal);
  if (!(valid instanceof Promise)) return valid;
  const timeout = Math.max(0, Math.min(LONGEST_VALIDATION, deadline - clock.now()));
  return within(valid, { clock, timeout }, "validate a body");
}

function refusal(cause: ValidationError): ReplyError {
  const { message, issues } = cause;
  return new ReplyError(ERROR_CODES.badRequest, message, { issues }, { cause });
}
