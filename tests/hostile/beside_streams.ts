import type { Backend } from "../support/backends.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { withBystander } from "./bystander.ts";

/** Does harm to a server's streams while somebody else asks and is answered by a broker. */
export async function besideStreams(
  backend: Backend,
  attack: (client: FrameClient) => Promise<void>,
) {
  const broker = backend.broker();
  broker.subscriber("bystander.echo", ({ body }) => body);
  await broker.start();
  await using client = await FrameClient.to(backend);
  await withBystander(backend.url, "bystander.echo", () => attack(client));
}
