import { SENT } from "../../promises.ts";
import { DEFAULT_BOUNDS } from "../../queue.ts";
import { gather } from "../../pacing.ts";
import { Passing, within } from "../../deadline.ts";
import { OutboxFullError, PayloadTooLargeError } from "../../errors.ts";
import type { HeaderFields } from "../../message/headers.ts";
import { framesOf } from "../frames/body_frames.ts";
import type { Unnumbered } from "../frames/frame.ts";
import { LinkError } from "../link_error.ts";
import type { Link } from "./link.ts";
import type { LinkContext } from "./link_context.ts";

/** Frames go out after this many microtasks without a new one; a loop that awaits each send needs two. */
const STILLNESS = 10;

interface Waiting {
  /** The number of the frame that has to be sent. */
  readonly number: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Sends bodies as frames; `send()` waits while there is no room. */
export class BodySender {
  readonly #link: Link;
  readonly #context: Pick<LinkContext, "connection" | "sender" | "links" | "responseLimit">;
  readonly #subject: string;
  readonly #correlationId: string;
  readonly #waiting: Waiting[] = [];
  #end: PromiseWithResolvers<void> | undefined;
  #turn: Promise<void> | undefined;
  /** What a middleware still holds, if there is one. */
  #passing: Passing | undefined;
  /** Whether frames wait for others to go out with. */
  #isGathering = false;
  /** Whether there is room for the last frame given, so that it may wait for more. */
  #hasRoom = false;

  constructor(
    link: Link,
    context: Pick<LinkContext, "connection" | "sender" | "links" | "responseLimit">,
    { subject, correlationId }: { readonly subject: string; readonly correlationId: string },
  ) {
    this.#link = link;
    this.#context = context;
    this.#subject = subject;
    this.#correlationId = correlationId;
  }

  /** Resolves once the middleware has let everything before through; `undefined` if nothing waits there. */
  get turn(): Promise<void> | undefined {
    return this.#turn;
  }

  /**
   * Sends a body, now or when there is room; resolves then.
   *
   * @throws {PayloadTooLargeError} and nothing is sent
   * @throws {OutboxFullError} and nothing is sent
   * @throws {EncodeError} and nothing is sent
   */
  send(
    body: unknown,
    headers: HeaderFields | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { sender } = this.#context;
    if (!sender.hasMiddleware) return this.#give(body, headers, signal);
    const kind = this.#link.terms?.kind === "stream" ? "reply" : "message";
    const draft = {
      kind,
      subject: this.#subject,
      body,
      headers,
      correlationId: this.#correlationId,
    } as const;
    const pass = () =>
      sender.applyMiddleware(draft, ({ body, headers }) => this.#give(body, headers, signal));
    // one after the other: where a middleware waits, a later message must not overtake an earlier one
    const passed = (this.#turn ?? Promise.resolve()).then(pass).then(() => {});
    const sent = (this.#passing ??= new Passing()).until(passed);
    this.#turn = sent.catch(() => {});
    return sent;
  }

  /**
   * Takes frames, which go out in this turn if there is room; returns the number of the last, 0 if it takes no more.
   */
  give(frames: readonly Unnumbered[]): number {
    const { machine, machine: { out } } = this.#link;
    const { keptBytes } = out;
    let number = 0;
    for (const frame of frames) number = machine.give(frame);
    if (machine.state === "paused") this.#context.links.hasten(this.#link);
    this.#gather();
    if (number > 0) this.#link.memory.grow(out.keptBytes - keptBytes, frames.length);
    // the last step: with all that is held now, the link may just have ended
    this.#hasRoom = this.#isAdmitted(number);
    return number;
  }

  /** Resolves once the peer has acknowledged everything, the end included. */
  end(): Promise<void> {
    this.#end ??= Promise.withResolvers<void>();
    this.moved();
    return this.#end.promise;
  }

  /** Resolves what waits for frames that have been sent or acknowledged. */
  moved(): void {
    const { sent, isDone } = this.#link.machine.out;
    while (this.#waiting[0] && this.#waiting[0].number <= sent) this.#waiting.shift()!.resolve();
    if (isDone) this.#end?.resolve();
  }

  /** Sends nothing more; rejects what waits if there is an `error`. */
  stop(error: (() => unknown) | undefined): void {
    this.#passing?.end(error ?? (() => new LinkError("send to", this.#subject, "complete")));
    for (const { resolve, reject } of this.#waiting.splice(0)) error ? reject(error()) : resolve();
    if (!error) return this.#end?.resolve();
    this.#end?.promise.catch(() => {});
    this.#end?.reject(error());
  }

  #give(
    body: unknown,
    headers: HeaderFields | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { connection: { maxPayload }, sender: { codecs } } = this.#context;
    const { frames, size } = framesOf(body, headers, this.#correlationId, maxPayload, codecs);
    this.#checkRoom(size);
    const ofHeaders = frames.at(-1)!.headerBlock?.length ?? 0;
    if (ofHeaders >= maxPayload) {
      throw new PayloadTooLargeError(this.#subject, ofHeaders, maxPayload);
    }
    const number = this.give(frames);
    if (this.#hasRoom) return SENT;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ number, resolve, reject });
    return within(promise, { signal }, `send to "${this.#subject}"`, this.#subject);
  }

  /** Whether a frame has been sent, or there is room for it; under `allow_responses` each message needs an address. */
  #isAdmitted(number: number): boolean {
    const { out, state } = this.#link.machine;
    return number <= out.sent ||
      (state === "open" && !this.#context.responseLimit && out.isAdmitted(number));
  }

  /**
   * Waits while more frames are given, microtask after microtask, so that frames sent one by one go out together: with
   * 128 bytes each, eight times as many in a second.
   */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { machine, machine: { out }, clock } = this.#link;
    gather({
      size: () => out.last,
      mayWait: () => this.#hasRoom,
      send: () => {
        this.#isGathering = false;
        machine.flush(clock.now());
        this.moved();
      },
    }, STILLNESS);
  }

  #checkRoom(size: number): void {
    const { terms, machine: { out } } = this.#link;
    const most = terms?.body ?? 0;
    if (size > most) throw new PayloadTooLargeError(this.#subject, size, most);
    const isFull = out.keptFrames >= DEFAULT_BOUNDS.messages ||
      out.keptBytes > DEFAULT_BOUNDS.bytes;
    if (isFull) throw new OutboxFullError(this.#subject, out.keptBytes, DEFAULT_BOUNDS.bytes);
    if (this.#link.memory.mayGrow(size)) return;
    const { bytes, limit: all } = this.#context.links.memory;
    throw new OutboxFullError(this.#subject, bytes, all);
  }
}
