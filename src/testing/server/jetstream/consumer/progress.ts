/** A place among deliveries, and in the stream. */
export interface Position {
  readonly consumer: number;
  readonly stream: number;
}

/** How far a consumer has got: what it delivers next, and up to where all is acknowledged. */
export class Progress {
  /** The sequence to go on with. */
  next = 1;
  /** The number of the next delivery. */
  number = 1;
  /** Up to here nothing is open. Where nothing is open at all that is up to the next. */
  floor: Position = { consumer: 0, stream: 0 };
  /** When something was delivered last, in milliseconds since 1970. */
  lastDelivered: number | undefined;
  /** When something was acknowledged last, in milliseconds since 1970. */
  lastAcked: number | undefined;
  /** What the server has written down, and tells: messages that were passed over show only once one comes after them. */
  #delivered: Position = { consumer: 0, stream: 0 };
  #acked: Position = { consumer: 0, stream: 0 };

  /** Begins, or begins anew. */
  begin(seq: number): void {
    this.next = Math.max(seq, 1);
    this.number = 1;
    this.floor = { consumer: 0, stream: this.next - 1 };
    this.#delivered = this.floor;
    this.#acked = this.floor;
    this.lastDelivered = undefined;
    this.lastAcked = undefined;
  }

  /** What was delivered last, as it is told. */
  get delivered(): Position {
    const { consumer, stream } = this.#delivered;
    if (consumer !== 0 || stream !== 0) return this.#delivered;
    return this.#reached;
  }

  /** Up to where all is acknowledged, as it is told. */
  get acked(): Position {
    return this.#acked;
  }

  /** A message was delivered; gives the number of the delivery. */
  deliver(seq: number, isAcknowledged: boolean, now: number): number {
    const consumer = this.number++;
    const stream = Math.max(seq, this.#delivered.stream);
    this.#delivered = { consumer, stream };
    this.lastDelivered = now;
    if (isAcknowledged) {
      this.floor = { consumer, stream: seq };
      this.#acked = this.#delivered;
    }
    return consumer;
  }

  /** One that was open is not any more; `first` is the first one that still is. */
  settle({ consumer }: Position, first: Position | undefined): void {
    if (!first) this.settleAll();
    else if (consumer === this.floor.consumer + 1) {
      this.floor = { consumer: first.consumer - 1, stream: first.stream - 1 };
    }
  }

  /** Nothing is open. */
  settleAll(): void {
    this.floor = this.#reached;
  }

  /** One that was open was acknowledged: so the server writes it down. */
  acknowledge({ consumer, stream }: Position, first: Position | undefined): void {
    if (consumer <= this.#acked.consumer) return;
    if (!first) this.#acked = this.#delivered;
    else if (consumer === this.#acked.consumer + 1) {
      this.#acked = this.#delivered.consumer > consumer
        ? { consumer: first.consumer - 1, stream: first.stream - 1 }
        : { consumer, stream };
    }
  }

  /** All up to a delivery were acknowledged at once. */
  acknowledgeAll(position: Position, wasOpen: boolean): void {
    this.floor = position;
    if (wasOpen && position.consumer > this.#acked.consumer) this.#acked = position;
  }

  /** All below a sequence is gone. */
  passOver(seq: number): void {
    if (this.next < seq) this.next = seq;
  }

  /** What is told is what is: the server has written down everything anew. */
  write(): void {
    this.#delivered = this.#reached;
    this.#acked = this.floor;
  }

  get #reached(): Position {
    return { consumer: this.number - 1, stream: this.next - 1 };
  }
}
