import { consumerConfig, ownConfig, replayConfig, replayName } from "./consumer_config.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import type { DeclaredConsumer } from "./declare_consumer.ts";

/** The server's consumers of a consumer: the main one, one for replayed dead letters, and one for its own messages. */
export function declaredConsumers(settings: ConsumerSettings, hasOwn: boolean): {
  readonly main: DeclaredConsumer;
  readonly replays: DeclaredConsumer | undefined;
  readonly own: DeclaredConsumer | undefined;
} {
  const { stream, name, deadLetter: dead, partition } = settings;
  const own = partition
    ? { stream: partition.queue, name: String(partition.number) }
    : { stream, name };
  // only the first partition reads replayed dead letters, on behalf of all
  const isReplaying = dead !== undefined && (partition?.number ?? 0) === 0;
  return {
    main: { stream: own.stream, config: { ...consumerConfig(settings), name: own.name } },
    replays: !isReplaying ? undefined : {
      stream: dead,
      config: { ...replayConfig(settings, dead), name: replayName(settings) },
    },
    own: hasOwn ? { stream, config: ownConfig(settings) } : undefined,
  };
}
