/** How much a run stores and handles, and how often processes fail. */
export interface PartitionPlan {
  readonly seed: number;
  readonly keys: number;
  /** Messages of each key. */
  readonly messages: number;
  /** Milliseconds between two rounds; a round stores one message of each key. */
  readonly pace: number;
  readonly partitions: number;
  readonly processes: number;
  /** The most milliseconds that a handler takes. */
  readonly work: number;
  /** A handler fails once in so many times. */
  readonly failing: number;
  /** Milliseconds after which the server gives the messages of a killed process to another one. */
  readonly ackWait: number;
  /** The least number of processes that are killed or halted; more follow until all messages are stored. */
  readonly faults: number;
  /** The least milliseconds between two faults; the most are twice as many. */
  readonly calm: number;
  /** The least milliseconds for which a process is halted; the most are twice as many. */
  readonly halt: number;
  /** How long the remaining messages may take after the last fault, in milliseconds. */
  readonly patience: number;
}

export const FULL: Omit<PartitionPlan, "seed"> = {
  keys: 40,
  messages: 100,
  pace: 300,
  partitions: 8,
  processes: 4,
  work: 50,
  failing: 20,
  ackWait: 2_000,
  faults: 12,
  calm: 400,
  halt: 1_500,
  patience: 120_000,
};

export const QUICK: Omit<PartitionPlan, "seed"> = {
  ...FULL,
  keys: 20,
  messages: 30,
  pace: 200,
  faults: 4,
  patience: 60_000,
};
