import {
  type HeaderFields,
  headerFields,
  type HeaderRecord,
  recordOf,
} from "../message/headers.ts";
import type { AnyState, Message } from "../message/message.ts";
import { correlationId } from "../message/work.ts";
import { checkOptions, type Rule } from "../options.ts";
import { isThenable } from "../promises.ts";
import { type AnyParams, checkSubject } from "../subject/subject.ts";

/**
 * A function that wraps a handler. It calls `next`, at most once, to run the rest of the chain, and may return another
 * reply. If it returns nothing, the result of `next` stays the reply; `null` makes the reply empty. If it does not call
 * `next`, the handler does not run, and the middleware's return value is the reply.
 */
export type Middleware<State = AnyState> = (
  message: Message<unknown, AnyParams, State>,
  next: () => Promise<unknown>,
) => unknown;

/** A message before it is encoded. */
export interface Draft {
  /** The kind of message; `message` is a message of a session. */
  readonly kind: "publish" | "request" | "reply" | "message";
  /** The subject to send to. */
  readonly subject: string;
  /** The body: text, bytes, or any JSON value. */
  readonly body: unknown;
  /** Additional headers. */
  readonly headers?: HeaderFields | undefined;
  /** Where an answer goes; a request sets its own. */
  readonly replyTo?: string | undefined;
  /** The id that ties together all messages of one piece of work. */
  readonly correlationId: string;
}

/** A draft as a middleware gets it: its headers are an object, so that `{ ...draft.headers, tenant }` adds to them. */
export interface GivenDraft extends Draft {
  /** Additional headers; a list of values stands for a repeated header. */
  readonly headers?: HeaderRecord | undefined;
}

/**
 * A function that wraps everything the broker sends. It calls `next`, at most once, with a changed copy of the draft,
 * or without arguments to leave the draft unchanged; if it does not call `next`, the broker sends nothing. `next`
 * resolves with the answer of a request, and with nothing for other messages; if the middleware returns nothing, the
 * result of `next` stays. While a middleware holds 256 refusals for want of room for one subject, further such refusals
 * skip it, so that a flood of requests cannot fill it.
 */
export type PublishMiddleware = (
  draft: GivenDraft,
  next: (draft?: Draft) => Promise<unknown>,
) => unknown;

/** One step of a chain; gets the subject of the chain and a function that calls the rest of the chain. */
export type Step<Subject> = (subject: Subject, next: Next<Subject>) => unknown;

/** Calls the rest of the chain. */
export type Next<Subject> = (subject: Subject) => Promise<unknown>;

/**
 * Makes one function of a chain and its end, once, so that messages cost no composing. The second call of `next` by one
 * step rejects, as it would run the handler twice. A step that returns nothing keeps the result of `next`; if it does
 * not even call `next`, `forgotten` gets the step's name, once.
 */
export function compose<Subject>(
  steps: readonly Step<Subject>[],
  end: (subject: Subject) => unknown,
  forgotten: (step: string) => void = () => {},
): (subject: Subject) => unknown {
  return steps.reduceRight<(subject: Subject) => unknown>((behind, step) => {
    let told = false;
    const forget = () => {
      if (told) return;
      told = true;
      forgotten(nameOf(step));
    };
    return (subject) => run(step, subject, behind, forget);
  }, end);
}

function run<Subject>(
  step: Step<Subject>,
  subject: Subject,
  behind: (subject: Subject) => unknown,
  forget: () => void,
): unknown {
  let outcome: Promise<unknown> | undefined;
  let isDone = false;
  let kept: unknown;
  const next: Next<Subject> = (subject) => {
    if (outcome) {
      const rule = "it must be called once";
      return Promise.reject(new Error(`Cannot call next() as ${rule}: ${nameOf(step)}`));
    }
    outcome = promised(behind, subject);
    // a step that does not await `next` ignores its outcome; an unhandled rejection would end the program
    outcome.then((value) => {
      isDone = true;
      kept = value;
    }, () => isDone = true);
    return outcome;
  };
  const settle = (value: unknown): unknown => {
    // a reply is never a function, so the step returned "next" itself
    if (typeof value === "function") {
      const rule = "it must call next: return next()";
      throw new TypeError(`Cannot use the result of a middleware as ${rule}: ${nameOf(step)}`);
    }
    if (value !== undefined) return value;
    if (!outcome) return forget();
    // a step that awaited and caught an error may replace it with nothing
    return isDone ? kept : outcome;
  };
  const value = step(subject, next);
  return isThenable(value) ? Promise.resolve(value).then(settle) : settle(value);
}

/** The outcome as a promise; returns a given promise itself, as wrapping it would take two more turns. */
function promised<Subject>(
  behind: (subject: Subject) => unknown,
  subject: Subject,
): Promise<unknown> {
  try {
    const outcome = behind(subject);
    return outcome instanceof Promise ? outcome : Promise.resolve(outcome);
  } catch (error) {
    return Promise.reject(error);
  }
}

function nameOf(step: { readonly name: string }): string {
  return step.name === "" ? "a middleware" : step.name;
}

const word: Rule = (value) => typeof value === "string" ? undefined : "text";
const DRAFT_RULES = {
  kind: word,
  subject: word,
  body: () => undefined,
  headers: headerFields,
  replyTo: word,
  correlationId,
};

/**
 * Makes a step of the chain from a middleware; the middleware sees headers as an object, and the step checks its
 * changes.
 */
export function publishStep<Sent extends { readonly draft: Draft }>(
  middleware: PublishMiddleware,
): Step<Sent> {
  const step: Step<Sent> = (sent, next) =>
    middleware(given(sent.draft), (draft) => {
      if (draft === undefined) return next(sent);
      try {
        checkChanged(sent.draft, draft);
      } catch (error) {
        return Promise.reject(error);
      }
      return next({ ...sent, draft });
    });
  return Object.defineProperty(step, "name", { value: middleware.name });
}

function given({ headers, ...draft }: Draft): GivenDraft {
  return headers ? { ...draft, headers: recordOf(headers) } : draft;
}

/** Checks a draft that a middleware has changed, as if a program had published it. */
function checkChanged(before: Draft, changed: Draft): void {
  const action = "send what a middleware gave next()";
  checkOptions(action, changed, DRAFT_RULES);
  if (changed.subject !== before.subject) checkSubject(action, changed.subject);
  const { replyTo } = changed;
  if (replyTo !== undefined && replyTo !== before.replyTo) checkSubject(action, replyTo);
}
