import type { NatsConnection } from "@nats-io/transport-deno";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { ClientWriter } from "../../../src/connection/client_writer.ts";

Deno.test("ClientWriter has the client publish, with the header block as it is", () => {
  const published: unknown[] = [];
  const publish = (
    subject: string,
    data: Uint8Array,
    { reply, headers }: { reply: string; headers?: { encode(): Uint8Array } },
  ) => published.push([subject, data, reply, headers?.encode()]);
  const writer = new ClientWriter({ publish } as unknown as NatsConnection);
  const [data, headerBlock] = [new Uint8Array([1]), new Uint8Array([2])];
  writer.publish({ subject: "a", replyTo: "r", data, headerBlock });
  writer.publish({ subject: "b", replyTo: "", data, headerBlock: undefined });
  assertEquals(published, [["a", data, "r", headerBlock], ["b", data, "", undefined]]);
  assertEquals([writer.taken, writer.sent, writer.takeBack()], [2, 2, []]);
  assertStrictEquals(writer.room(), undefined);
});
