/** One partition of a consumer. */
export interface Partition {
  /** The stream that holds what is not handled yet. */
  readonly queue: string;
  readonly number: number;
}

/** The name of the stream that holds what a consumer's partitions have not handled yet. */
export function queueOf(stream: string, consumer: string): string {
  return `${stream}~${consumer}`;
}

/** The subjects of one partition. */
export function partitionFilter({ queue, number }: Partition): string {
  return `${queue}.${number}.>`;
}
