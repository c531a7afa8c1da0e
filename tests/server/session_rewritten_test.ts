import { LinkError, NatsBroker, RemoteError } from "@signalbox/nats";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { drained } from "../support/link_ends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";

const ACCOUNTS = `accounts: {
  SERVING: { users: [{ user: serving, password: secret }], exports: [{ service: "svc.>" }] },
  ASKING: {
    users: [{ user: asking, password: secret }],
    imports: [{ service: { account: SERVING, subject: "svc.>" } }],
  },
}`;
const RULE = "eply addresses must arrive as they were sent";

/** A session and a stream that somebody asks for. */
function serve(service: NatsBroker): void {
  service.session("svc.talk", (session) => session.closed);
  service.subscriber("svc.stream", async function* () {
    yield "part";
  });
}

/** What both kinds of opening fail with, which must be long before their timeout. */
async function failures(client: NatsBroker, talk: string, stream: string): Promise<unknown[]> {
  const began = performance.now();
  const refused = await assertRejects(() => client.openSession(talk, null, { timeout: 8_000 }));
  const { bodies, error } = await drained(client.requestStream(stream, null, { timeout: 8_000 }));
  assertEquals(bodies, []);
  const took = performance.now() - began;
  assert(took < 7_000, `${took} ms`);
  return [refused, error];
}

Deno.test("NatsBroker.openSession() into another account fails at once, and says why", async () => {
  await using server = await NatsServer.start({ config: ACCOUNTS });
  const as = (user: string) => ({ logger: false, auth: { user, password: "secret" } } as const);
  await using service = new NatsBroker(server.url, as("serving"));
  serve(service);
  service.subscriber("svc.plain", () => "an answer");
  await service.start();
  await using client = new NatsBroker(server.url, as("asking"));
  await client.connect();
  assertEquals((await client.request("svc.plain")).body, "an answer");
  for (const error of await failures(client, "svc.talk", "svc.stream")) {
    assertInstanceOf(error, RemoteError);
    assertEquals([error.code, error.description], [400, `R${RULE}`]);
  }
});

/** Passes messages on from one subject to another; what it says on the way back is up to `answer`. */
function between(man: NatsConnection, subject: string, answer: (message: Msg) => string): void {
  man.subscribe(`front.${subject}`, {
    callback: (_, asked) => {
      const back = man.subscribe(`man.${crypto.randomUUID()}.o1`, {
        callback: (_, message) => {
          const { data, headers } = message;
          const reply = answer(message);
          asked.respond(data, { ...headers && { headers }, ...reply && { reply } });
        },
      });
      const { data, headers } = asked;
      man.publish(`svc.${subject}`, data, {
        reply: back.getSubject(),
        ...headers && { headers },
      });
    },
  });
}

const REWRITTEN: Readonly<Record<string, (message: Msg) => string>> = {
  "another address": () => "man.in.the.middle",
  "no address": () => "",
};

for (const [what, answer] of Object.entries(REWRITTEN)) {
  onEveryServer(
    `NatsBroker.openSession() fails at once if accepted with ${what}`,
    async (server) => {
      const [service, client] = [server.broker(), server.broker()];
      serve(service);
      await service.start();
      await client.connect();
      const man = await connect({ servers: server.url });
      try {
        for (const subject of ["talk", "stream"]) between(man, subject, answer);
        await man.flush();
        for (const error of await failures(client, "front.talk", "front.stream")) {
          assertInstanceOf(error, LinkError);
          assertEquals(error.reason, "gap");
          assert(error.message.includes(`r${RULE}`), error.message);
        }
      } finally {
        await man.close();
      }
    },
  );
}
