import type { Workshop } from "./workshop.ts";

/** The id that the server gave the process that now gets the messages of a group. */
export async function pinOf(shop: Workshop, stream = "ORDERS", name = "work"): Promise<string> {
  const info = await shop.consumer(stream, name) as unknown as {
    readonly priority_groups?: readonly { readonly pinned_client_id?: string }[];
  };
  return info.priority_groups?.[0]?.pinned_client_id ?? "";
}

/** Takes the message that `store` stores and never acknowledges it, as a killed process of the group would. */
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
