/**
 * How many newer messages may arrive, per message of the initial state and in addition, before the wait for its end
 * stops.
 */
const NEWER = 16;
const FEW = 10_000;
/** How often to ask again if the server says that there is no more. */
const LOOKS = 8;
/** After how many of these a consumer on a server that lacks messages is replaced. */
const PATIENCE = 2;

/** Settings of a beginning. */
export interface BeginningSettings {
  /** The number of messages in the initial state. */
  readonly pending: number;
  /** The stream's last sequence; `undefined` if unknown. */
  readonly last: number | undefined;
  /** Whether a message that replaces one of the initial state belongs to it. */
  readonly isWhole: boolean;
  /** The sequence after which the initial state begins. */
  readonly start: number;
  /** Whether the stream has a matching message after this one; `undefined` if that is unknown. */
  readonly hasMore: (seq: number) => Promise<boolean | undefined>;
  /** Has another consumer deliver what is left, perhaps on another server. */
  readonly renew: () => void;
  /** Called once the initial state is complete. */
  readonly over: () => void;
}

/**
 * Finds the end of the initial state of a read. A message that is replaced before its delivery never arrives: then
 * everything that has arrived since belongs to the initial state. Otherwise it would lack a subject that has had a
 * message all along.
 */
export class Beginning {
  readonly #settings: BeginningSettings;
  /** Messages of the initial state still to come. */
  #left: number;
  /** Newer messages that may still arrive: the program may be slower than the writers. */
  #newer: number;
  #looks = 0;
  #isLooking = false;
  /** Whether the server that counts the messages may not have all of them yet. */
  #isDoubtful = false;
  /** The sequence of the last message, if the server said that no more follows. */
  #end: number | undefined;
  /** The sequence of the last message received. */
  #last = 0;
  #isOver = false;

  constructor(settings: BeginningSettings) {
    this.#settings = settings;
    this.#left = settings.pending;
    this.#newer = settings.pending * NEWER + FEW;
    this.#last = settings.start;
  }

  /** Whether the initial state is complete. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A consumer begins, with so many messages; `isOfLeader` is whether its server has all messages. */
  begin(pending: number, isOfLeader: boolean): void {
    // a server that lacked messages has counted too few
    if (this.#isDoubtful && isOfLeader) this.#left = Math.max(this.#left, pending);
    this.#isDoubtful = !isOfLeader;
    if (pending === 0) this.none();
  }

  /** Records a message; `pending` is the number of messages after it, as far as the server knows. */
  take({ seq, pending }: { readonly seq: number; readonly pending: number }): void {
    if (this.#isOver) return;
    this.#last = seq;
    const { last = Infinity, isWhole } = this.#settings;
    // it comes nearer to the end
    if (seq < last) this.#looks = 0;
    const isExcess = seq > last ? --this.#newer < 0 : --this.#left <= 0 && !this.#isDoubtful;
    this.#end = pending === 0 ? seq : undefined;
    const isBehind = seq >= last && (!isWhole || this.#left <= 0);
    if (isExcess || isBehind) this.end();
    else if (pending === 0) this.idle();
  }

  /** No message is left for now: those still expected were deleted or replaced. */
  idle(): void {
    if (!this.#settings.isWhole && !this.#isDoubtful) return this.end();
    this.#end = this.#last;
    void this.#look();
  }

  /** The server has nothing that was not read. */
  none(): void {
    const { last = Infinity } = this.#settings;
    if (this.#isDoubtful && this.#last < last) this.idle();
    else this.end();
  }

  /** Ends: no more messages arrive. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#settings.over();
  }

  /** Asks again: during many writes, nats-server can count a removed message before it counts its replacement. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (let end = this.#end; end !== undefined && !this.#isOver; end = this.#end) {
      const isPatient = ++this.#looks <= LOOKS;
      const hasMore = isPatient || this.#isDoubtful ? await this.#settings.hasMore(end) : false;
      if (end !== this.#end) continue;
      if (hasMore === false || (hasMore === undefined && !isPatient)) this.end();
      else if (this.#isDoubtful && this.#looks % PATIENCE === 0) this.#settings.renew();
      break;
    }
    this.#isLooking = false;
  }
}
