/**
 * Publishes so many messages of so many bytes with the bare client, as fast as the server takes them, and ends. Its
 * arguments are the server's URL, the subject and both numbers.
 *
 * @module
 */
import { connect } from "@nats-io/transport-deno";

// What the client has not yet handed to the socket is its own memory.
const AT_ONCE = 10_000;

if (import.meta.main) {
  const [url = "", subject = "", messages, size] = Deno.args;
  const client = await connect({ servers: url });
  const body = new Uint8Array(Number(size)).fill(120);
  for (let sent = 1; sent <= Number(messages); sent++) {
    client.publish(subject, body);
    if (sent % AT_ONCE === 0) await client.flush();
  }
  await client.flush();
  await client.close();
}
