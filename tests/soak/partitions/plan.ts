/** How much is stored and handled in a run, and how roughly the processes are treated. */
export interface PartitionPlan {
  readonly seed: number;
  readonly keys: number;
  /** Messages of each key. */
  readonly messages: number;
  /** Milliseconds between two rounds of storing, which are a message of each key. */
  readonly pace: number;
  readonly partitions: number;
  readonly processes: number;
  /** Milliseconds that a handler takes at most. */
  readonly work: number;
  /** How often a handler fails: one of so many times. */
  readonly failing: number;
  /** Milliseconds after which the server gives what a killed process had to another. */
  readonly ackWait: number;
  /** How many processes are killed or halted at least; it goes on until all is stored. */
  readonly faults: number;
  /** Milliseconds between two faults at least; twice as long at most. */
  readonly calm: number;
  /** Milliseconds for which a process is halted at least; twice as long at most. */
  readonly halt: number;
  /** How long what is left may take once the last fault is over, in milliseconds. */
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
