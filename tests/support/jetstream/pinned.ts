import type { Workshop } from "./workshop.ts";

/** Which process has the messages of a group, by the server's name for it. */
export async function pinOf(shop: Workshop, stream = "ORDERS", name = "work"): Promise<string> {
  const info = await shop.consumer(stream, name) as unknown as {
    readonly priority_groups?: readonly { readonly pinned_client_id?: string }[];
  };
  return info.priority_groups?.[0]?.pinned_client_id ?? "";
}

/** Takes a message that `store` stores as a process of the group would that is killed then. */
export async function pinnedElsewhere(
  shop: Workshop,
  stream: string,
  name: string,
  store: () => Promise<void>,
): Promise<void> {
  const { access, prefix } = shop.api;
  const inbox = access.newInbox();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const subscription = access.subscribe(inbox, resolve);
  const request = new TextEncoder().encode('{"batch":1,"group":"workers"}');
  access.publish(`${prefix}.CONSUMER.MSG.NEXT.${stream}.${name}`, request, { replyTo: inbox });
  await shop.stream(stream);
  await store();
  await promise;
  subscription.unsubscribe();
}
