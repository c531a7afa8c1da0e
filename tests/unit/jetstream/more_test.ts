import { assertEquals } from "@std/assert";
import { hasMoreBehind } from "../../../src/jetstream/read/more.ts";
import { ConnectionError } from "../../../src/errors.ts";

Deno.test("hasMoreBehind() leaves it to the read to tell that the broker has stopped", async () => {
  const access = {
    newInbox: () => "_INBOX.1",
    subscribe: () => {
      throw new ConnectionError("Cannot subscribe as the broker must be open: closed", "closed");
    },
  };
  const behind = { stream: "A", filters: [], seq: 1, longest: Infinity, servers: undefined };
  assertEquals(await hasMoreBehind({ access } as never, behind), true);
});
