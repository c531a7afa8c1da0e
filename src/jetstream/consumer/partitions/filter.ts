/** One partition of a consumer. */
export interface Partition {
  /** The name of the stream that holds the messages that are not handled yet. */
  readonly queue: string;
  readonly number: number;
}

/** The name of the stream that holds the partitions of a consumer. */
export function queueOf(stream: string, consumer: string): string {
  return `${stream}~${consumer}`;
}

/** The subjects of one partition. */
export function partitionFilter({ queue, number }: Partition): string {
  return `${queue}.${number}.>`;
}
