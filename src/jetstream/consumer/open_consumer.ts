import type {
  BrokerAccess,
  ConnectionChange,
  Invocation,
  OpenSource,
  Outcome,
  Sink,
} from "../../door/mod.ts";
import { onAbort } from "../../deadline.ts";
import { asError } from "../../legible.ts";
import { whileItStarts } from "../api/start_patience.ts";
import { AckKeeper } from "./ack_keeper.ts";
import { arrivalOf } from "./arrival.ts";
import { Batches } from "./batches.ts";
import { Before } from "./before.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { Deadlines } from "./holds.ts";
import { keyOf } from "./keys.ts";
import { Lanes } from "./lanes.ts";
import { movesJobs } from "./long_retries.ts";
import { Settlement } from "./settlement.ts";
import type { ConsumerServer } from "./consumer_server.ts";
import type { Held } from "./stored_delivery.ts";
import { Supply, type SupplyKind, type SupplyOwner } from "./supply.ts";
import { Turns } from "./turns.ts";

/** How many own messages one request asks for. */
const OWN_PLACES = 8;

/** A consumer that a broker has opened: what comes from the server, and what becomes of it. */
export class OpenConsumer implements OpenSource {
  readonly timeout: number;
  readonly #sink: Sink;
  readonly #access: BrokerAccess;
  readonly #settings: ConsumerSettings;
  readonly #server: ConsumerServer;
  readonly #keeper: AckKeeper;
  readonly #deadlines: Deadlines;
  readonly #settlement: Settlement;
  readonly #before: Before;
  readonly #lanes: Lanes;
  readonly #batches: Batches | undefined;
  readonly #main: Supply;
  /** The main one is the first. */
  readonly #supplies: readonly Supply[];
  readonly #turns: Turns | undefined;
  readonly #stopListening: () => void;
  #places: number;
  #isStopped = false;
  readonly #rested = Promise.withResolvers<void>();
  #refusal: Error | undefined;

  constructor(
    sink: Sink,
    access: BrokerAccess,
    settings: ConsumerSettings,
    server: ConsumerServer,
    turns?: Turns,
  ) {
    this.timeout = settings.timeout;
    this.#sink = sink;
    this.#access = access;
    this.#settings = settings;
    this.#server = server;
    this.#places = sink.free;
    const { clock } = access;
    const report = (error: Error, invocation?: Invocation) => sink.report(error, invocation);
    this.#keeper = new AckKeeper(access, () => this.#main.holds.ackWait, report);
    this.#deadlines = new Deadlines(
      access,
      settings.timeout,
      () => this.#supplies.flatMap(({ holds }) => [...holds.all]),
    );
    this.#settlement = new Settlement(settings, this.#keeper, server, {
      random: () => clock.random(),
      now: () => clock.now(),
      released: (held, delay) => this.#released(held, delay),
      report,
    });
    this.#before = new Before(settings, server.retries, this.#settlement, {
      isStopped: () => this.#isStopped,
      released: (held) => this.#released(held),
      freed: () => this.#fill(),
      report,
    });
    const isReplacing = settings.unique === "replace";
    const replaced = isReplacing ? (held: Held) => this.#replaced(held) : undefined;
    this.#lanes = new Lanes(clock, (held) => this.#hand(held), replaced);
    const arrival = (held: Held) => arrivalOf(held, settings);
    this.#batches = settings.batch &&
      new Batches(clock, settings.batch, (batch) => sink.take(batch.map(arrival)));
    if (!turns && movesJobs(settings)) this.#turns = new Turns(() => this.#room, report);
    this.#supplies = server.kinds.map((kind) => this.#supply(kind, turns ?? this.#turns));
    this.#main = this.#supplies[0]!;
    // jobs that have left their subject come before the others
    for (const supply of this.#supplies.toReversed()) supply.takeTurns(turns ?? this.#turns);
    for (const { puller } of this.#supplies) puller.listen((error) => this.#refusal = error);
    this.#stopListening = access.onConnection((change) => this.#changed(change));
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  async ready(): Promise<void> {
    if (this.#refusal) throw this.#refusal;
    const infos = await whileItStarts(this.#access, () => this.#server.declare());
    this.#supplies.forEach((supply, at) => {
      const info = infos[at];
      if (info !== null) supply.open(info);
    });
    this.#turns?.open();
  }

  freed(free: number): void {
    this.#places = Math.max(this.#places, free);
    this.#fill();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#giveBackWaiting();
    await Promise.all(this.#supplies.map((supply) => supply.stop()));
    this.#giveBackWaiting();
    this.#restIfDone();
    // what the server does not know of would run once more
    const stopListening = onAbort(this.#access.stopping(), () => this.#close());
    await this.#rested.promise;
    stopListening();
    await Promise.all(this.#supplies.map((supply) => supply.handOver()));
  }

  cancel(): void {
    this.#close();
  }

  admit(invocation: Invocation): unknown {
    if (!this.#settings.isBefore) return this.#begin(invocation);
    const held = [invocation.origin].flat() as Held[];
    return this.#keeper.allConfirmed(held).then(() => this.#begin(invocation));
  }

  #begin(invocation: Invocation): void {
    const { origin } = invocation;
    if (Array.isArray(origin)) {
      for (const held of origin) {
        (held as Held).invocation = invocation;
      }
    } else (origin as Held).invocation = invocation;
    this.#deadlines.begin(invocation);
  }

  unfit(origin: unknown, error: unknown): void {
    this.#before.settle(origin as Held, () => this.#settlement.failed(origin as Held, error));
  }

  settle(invocation: Invocation, outcome: Outcome): unknown {
    const { origin } = invocation;
    if (!Array.isArray(origin)) return this.#settlement.settle(origin as Held, outcome, invocation);
    return this.#settlement.settleBatch(origin as Held[], outcome, invocation);
  }

  #supply(kind: SupplyKind, turns?: Turns): Supply {
    const isMain = kind === "main";
    const most = kind === "own" ? OWN_PLACES : 1;
    const owner: SupplyOwner = {
      room: () => isMain ? this.#room : Math.min(most, this.#sink.free),
      places: () => isMain ? this.#places * (this.#settings.batch?.max ?? 1) : most,
      arrived: (held) => this.#arrived(held),
      restore: (next) => this.#server.restore(kind, next),
      look: () => this.#server.look(kind),
      unpin: () => this.#server.unpin(kind),
      isQueue: () => isMain && this.#server.isQueue,
      report: (error) => this.#sink.report(error),
    };
    const plan = this.#server.supplyPlan(kind);
    return new Supply(
      this.#access,
      plan,
      owner,
      this.#keeper,
      kind === "replays" ? undefined : turns,
    );
  }

  get #room(): number {
    const { free } = this.#sink;
    if (this.#batches) {
      return free * this.#settings.batch!.max - this.#batches.waiting - this.#before.count;
    }
    return free - this.beyond;
  }

  /** Whether the message came from one of the supplies of this consumer. */
  isFrom(supply: object): boolean {
    return this.#supplies.some((each) => each === supply);
  }

  /**
   * How many places are occupied by messages that no handler has yet: they wait for their key, or are in a step before the
   * handler.
   */
  get beyond(): number {
    return this.#lanes.places + this.#before.count;
  }

  #arrived(held: Held): void {
    if (this.#isStopped) return this.#settlement.giveBack(held, 0);
    if (this.#settings.partition && held.receipt.isReplay) {
      const store = () => this.#server.forward(held);
      return this.#before.settle(held, () => this.#settlement.replace(held, 0, store));
    }
    const death = this.#settlement.deathOf(held);
    if (death) {
      return this.#before.check(
        held,
        () => this.#before.settle(held, () => this.#settlement.bury(held, death)),
      );
    }
    if (this.#batches || !this.#settings.key) return this.#hand(held);
    try {
      held.key = keyOf(held, this.#settings);
    } catch (error) {
      return this.#before.settle(held, () => this.#settlement.failed(held, error));
    }
    this.#lanes.enter(held);
  }

  #hand(held: Held): void {
    this.#before.check(held, () => this.#before.move(held, () => this.#pass(held)));
  }

  #pass(held: Held): void {
    if (this.#batches) this.#batches.add(held.kept());
    else this.#sink.take(arrivalOf(held, this.#settings));
  }

  /** Acknowledges a message that a newer one has replaced in the stream. */
  #replaced(held: Held): void {
    const done = Promise.try(() => this.#settlement.done(held));
    done.catch((error) => this.#sink.report(asError(error)));
  }

  /** Drops the message without settling it, because another process may have it. */
  abandon(held: Held): void {
    this.#released(held);
  }

  /** It is settled, one way or the other. */
  #released(held: Held, delay?: number): void {
    held.isSettled = true;
    (held.receipt.supply as Supply).holds.delete(held);
    if (held.key !== undefined) {
      // those behind it wait for it, but not here
      if (delay !== undefined && !this.#isStopped) this.#lanes.away(held, delay);
      else this.#lanes.leave(held);
    }
    if (this.#isStopped) this.#restIfDone();
  }

  #giveBackWaiting(): void {
    const waiting = [...this.#lanes.clear(), ...this.#batches?.clear() ?? []];
    for (const held of waiting) this.#settlement.giveBack(held, 0);
  }

  #fill(): void {
    for (const { puller } of this.#supplies) puller.fillSoon();
  }

  #changed(change: ConnectionChange): void {
    if (change === "closed") return this.#close();
    for (const { holds, puller } of this.#supplies) {
      holds[change]();
      puller[change]();
    }
    this.#keeper[change]();
  }

  /** It was stopped, and its last handler has ended. */
  #restIfDone(): void {
    if (this.#supplies.some(({ holds }) => holds.size > 0)) return;
    for (const { holds } of this.#supplies) holds.rest();
    this.#deadlines.rest();
    this.#keeper.whenSure(() => {
      this.#stopListening();
      this.#rested.resolve();
    });
  }

  #close(): void {
    this.#isStopped = true;
    this.#stopListening();
    this.#lanes.clear();
    this.#batches?.clear();
    this.#deadlines.rest();
    for (const supply of this.#supplies) supply.close();
    this.#keeper.close();
    this.#rested.resolve();
  }
}
