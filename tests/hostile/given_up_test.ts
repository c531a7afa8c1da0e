import { NatsBroker } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";

const options = { logger: false, pingInterval: 60_000 } as const;
const GIVEN_UP = { timeout: 200 };

for (const scheme of ["nats", "ws"] as const) {
  Deno.test(`NatsBroker over ${scheme}:// has nothing handled that was given up while the server stood still and the socket was full`, async () => {
    await using server = await NatsServer.start({ webSocket: true });
    const handled: string[] = [];
    await using serving = new NatsBroker(server.url, options);
    const note = ({ subject }: { readonly subject: string }) => void handled.push(subject);
    for (const subject of ["ask", "aborted", "many", "kept"]) serving.subscriber(subject, note);
    serving.session("talk", (session) => note({ subject: session.opening.subject }));
    serving.subscriber("parts", async function* (message) {
      note(message);
      yield 1;
    });
    await serving.start();
    const url = scheme === "ws" ? server.webSocketUrl : server.url;
    await using asking = new NatsBroker(url, options);
    await asking.connect();
    await server.suspend();
    const sent: Promise<void>[] = [];
    const body = "x".repeat(100_000);
    for (let count = 0; count < 300; count++) sent.push(asking.publish("nobody", body));
    const kept = asking.request("kept", null, { timeout: 30_000 });
    const signal = AbortSignal.timeout(100);
    await Promise.all([
      ...Array.from({ length: 100 }, () => assertRejects(() => asking.request("ask", 1, GIVEN_UP))),
      assertRejects(() => asking.request("aborted", 1, { timeout: 30_000, signal })),
      assertRejects(() => asking.openSession("talk", 1, GIVEN_UP)),
      assertRejects(() => Array.fromAsync(asking.requestStream("parts", 1, GIVEN_UP))),
      Array.fromAsync(asking.requestMany("many", 1, GIVEN_UP)),
    ]);
    server.resume();
    await Promise.all(sent);
    await kept;
    await asking.flush();
    await serving.flush();
    assertEquals(handled, ["kept"]);
  });
}
