/**
 * Publishes so many messages of so many bytes with the bare client, as fast as the server takes them, and asks once
 * when most of them are out. Its arguments are the server's URL, the subject and both numbers; what the one who asked was
 * told, and after how many milliseconds, is what it prints.
 *
 * @module
 */
import { connect, type NatsConnection } from "@nats-io/transport-deno";

/** What the one who asked was told. */
export interface Asked {
  readonly told: string;
  readonly toldAfter: number;
}

// What the client has not yet handed to the socket is its own memory.
const AT_ONCE = 10_000;

async function publishAll(client: NatsConnection, subject: string, messages: number, size: number) {
  const body = new Uint8Array(size).fill(120);
  let asked: Promise<Asked> | undefined;
  for (let sent = 1; sent <= messages; sent++) {
    client.publish(subject, body);
    if (sent % AT_ONCE === 0) await client.flush();
    if (sent >= messages * 0.9) asked ??= ask(client, subject);
  }
  await client.flush();
  return await asked;
}

async function ask(client: NatsConnection, subject: string): Promise<Asked> {
  const began = performance.now();
  const told = await client.request(subject, "room?", { timeout: 30_000 }).then(
    ({ headers }) => headers?.get("Nats-Service-Error-Code") || "an answer",
    (error) => String(error),
  );
  return { told, toldAfter: performance.now() - began };
}

if (import.meta.main) {
  const [url = "", subject = "", messages, size] = Deno.args;
  const client = await connect({ servers: url });
  console.log(JSON.stringify(await publishAll(client, subject, Number(messages), Number(size))));
  await client.close();
}
