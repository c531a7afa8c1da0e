/** A delivery: its consumer sequence and its stream sequence. */
export interface Position {
  readonly consumer: number;
  readonly stream: number;
}

/** A consumer's progress: the next delivery, and the ack floor. */
export class Progress {
  /** The next stream sequence to deliver. */
  next = 1;
  /** The consumer sequence of the next delivery. */
  number = 1;
  /** The ack floor: no message up to it is open. Without open messages it reaches up to the next delivery. */
  floor: Position = { consumer: 0, stream: 0 };
  /** When the last message was delivered, in milliseconds since 1970. */
  lastDelivered: number | undefined;
  /** When the last message was acknowledged, in milliseconds since 1970. */
  lastAcked: number | undefined;
  /** The stored last delivery, which responses show; skipped messages count only once a later one is delivered. */
  #delivered: Position = { consumer: 0, stream: 0 };
  #acked: Position = { consumer: 0, stream: 0 };

  /** Starts, or starts over, at a sequence. */
  begin(seq: number): void {
    this.next = Math.max(seq, 1);
    this.number = 1;
    this.floor = { consumer: 0, stream: this.next - 1 };
    this.#delivered = this.floor;
    this.#acked = this.floor;
    this.lastDelivered = undefined;
    this.lastAcked = undefined;
  }

  /** The last delivery as responses show it. */
  get delivered(): Position {
    const { consumer, stream } = this.#delivered;
    if (consumer !== 0 || stream !== 0) return this.#delivered;
    return this.#reached;
  }

  /** The ack floor as responses show it. */
  get acked(): Position {
    return this.#acked;
  }

  /** Records a delivery; returns its consumer sequence. */
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

  /** Raises the ack floor after a message is no longer open; `first` is the first message still open. */
  settle({ consumer }: Position, first: Position | undefined): void {
    if (!first) this.settleAll();
    else if (consumer === this.floor.consumer + 1) {
      this.floor = { consumer: first.consumer - 1, stream: first.stream - 1 };
    }
  }

  /** Raises the ack floor to the next delivery, as no message is open. */
  settleAll(): void {
    this.floor = this.#reached;
  }

  /** Records an acknowledgement in the values that responses show, the way nats-server stores it. */
  acknowledge({ consumer, stream }: Position, first: Position | undefined): void {
    if (consumer <= this.#acked.consumer) return;
    if (!first) this.#acked = this.#delivered;
    else if (consumer === this.#acked.consumer + 1) {
      this.#acked = this.#delivered.consumer > consumer
        ? { consumer: first.consumer - 1, stream: first.stream - 1 }
        : { consumer, stream };
    }
  }

  /** Records an acknowledgement of all deliveries up to one. */
  acknowledgeAll(position: Position, wasOpen: boolean): void {
    this.floor = position;
    if (wasOpen && position.consumer > this.#acked.consumer) this.#acked = position;
  }

  /** Skips all messages below a sequence, as they are gone. */
  passOver(seq: number): void {
    if (this.next < seq) this.next = seq;
  }

  /** Makes responses show the current values, as when nats-server stores a consumer's whole state. */
  write(): void {
    this.#delivered = this.#reached;
    this.#acked = this.floor;
  }

  get #reached(): Position {
    return { consumer: this.number - 1, stream: this.next - 1 };
  }
}
