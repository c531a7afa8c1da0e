import { notConnected } from "../connection/client_errors.ts";
import { checkSubject } from "../subject/subject.ts";
import type { LinkContext } from "./ends/link_context.ts";
import {
  checkOpenSession,
  checkRequestStream,
  type LinkSettings,
  linkSettings,
  type OpeningOptions,
  type OpenSessionOptions,
  type RequestStreamOptions,
} from "./link_options.ts";
import type { Session } from "./session.ts";
import type { ReplyStream } from "./stream.ts";

/** What streams and sessions are made with. */
type LinkModules = typeof import("./ends/opening.ts");

let modules: LinkModules | undefined;
let loading: Promise<void> | undefined;

/**
 * Loads what streams and sessions are made with, which is a third of the core: a program that only declares its
 * handlers, or prints their permissions, does without. Each connection has it loaded before its first dial, so that it
 * is there for every message. Returns `undefined` once it is loaded.
 */
export function loadLinks(): Promise<void> | undefined {
  if (modules) return undefined;
  return loading ??= import("./ends/opening.ts").then(
    (loaded) => void (modules = loaded),
    (error) => {
      // a file that could not be fetched may be there the next time
      loading = undefined;
      throw error;
    },
  );
}

/** What streams and sessions are made with; only once a connection has been open. */
export function linkModules(): LinkModules {
  return modules!;
}

/** Asks for a streamed reply; the question is sent before this returns. */
export function requestStream(
  context: LinkContext,
  subject: string,
  body: unknown,
  options: RequestStreamOptions,
): ReplyStream {
  checkSubject("request a stream", subject);
  checkRequestStream(options);
  const settings = openSettings(context, subject, options);
  return linkModules().requestStream(context, { subject, body, options, settings });
}

/** Opens a session, and waits until it is accepted. */
export function openSession(
  context: LinkContext,
  subject: string,
  body: unknown,
  options: OpenSessionOptions,
): Promise<Session> {
  try {
    checkSubject("open a session", subject);
    checkOpenSession(options);
    options.signal?.throwIfAborted();
    const settings = openSettings(context, subject, options);
    return linkModules().openSession(context, { subject, body, options, settings });
  } catch (error) {
    return Promise.reject(error);
  }
}

function openSettings(
  { connection }: LinkContext,
  subject: string,
  options: OpeningOptions,
): LinkSettings {
  const settings = linkSettings(`open "${subject}"`, options);
  if (!connection.isOpen) throw notConnected(`open "${subject}"`);
  return settings;
}
