import { ConnectionError, LinkError, NoRespondersError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { bothEnds, started, take } from "../support/link_ends.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { aborted, meanwhile, within } from "../support/within.ts";

for (const side of ["client", "service"] as const) {
  onEveryProfile(
    `NatsBroker.stop() of the ${side} leaves a session time to finish`,
    async (stage) => {
      const ends = await bothEnds(stage, {
        serve: async (session) => {
          await aborted(session.draining);
          await session.send("the last word");
        },
      });
      const { opened, served } = ends;
      assertEquals([opened.draining.aborted, served.draining.aborted], [false, false]);
      const began = performance.now();
      const stopped = ends[side].stop({ timeout: 10_000 });
      await Promise.all([aborted(opened.draining), aborted(served.draining)]);
      assertEquals(await take(opened, 10), ["the last word"]);
      await within("it must be over", opened.close());
      await within("it must stop", stopped);
      assert(performance.now() - began < 5_000, "long before the timeout");
      assertEquals(await Promise.all([opened.closed, served.closed]), ["complete", "complete"]);
    },
  );

  onEveryProfile(
    `NatsBroker.stop() of the ${side} ends a session that does not finish`,
    async (stage) => {
      const ends = await bothEnds(stage);
      const { opened, served } = ends;
      const waiting = meanwhile(() =>
        assertRejects(() => opened.next({ timeout: 8_000 }), LinkError)
      );
      const began = performance.now();
      const stopped = ends[side].stop({ timeout: 2_300 });
      await Promise.all([aborted(opened.draining), aborted(served.draining)]);
      assertEquals([opened.state, served.state], ["open", "open"]);
      await opened.send("still open");
      await within("it must stop", stopped);
      const took = performance.now() - began;
      assert(took >= 2_000 && took < 7_000, `${took} ms`);
      assertEquals(
        await within("both must be told", Promise.all([opened.closed, served.closed])),
        ["shutting-down", "shutting-down"],
      );
      assertEquals((await waiting).reason, "shutting-down");
      for (const { signal } of [opened, served]) {
        assertEquals((signal.reason as LinkError).reason, "shutting-down");
      }
      const late = await assertRejects(() => opened.send("too late"), LinkError);
      assertEquals(late.reason, "shutting-down");
    },
  );
}

onEveryProfile(
  "NatsBroker.stop() accepts no session any more, and serves those it has",
  async (stage) => {
    const { client, service, opened } = await bothEnds(stage, {
      serve: async (session) => {
        for await (const { body } of session) await session.send(body);
      },
    });
    const stopped = service.stop({ timeout: 10_000 });
    await aborted(opened.draining);
    await assertRejects(() => client.openSession("svc.talk"), NoRespondersError);
    await opened.send("still here");
    assertEquals(await take(opened, 1), ["still here"]);
    await opened.end();
    await within("it must stop", stopped);
    assertEquals(await opened.closed, "complete");
  },
);

onEveryProfile(
  "NatsBroker.stop() at both sides at once ends what is between them",
  async (stage) => {
    const { client, service, opened, served } = await bothEnds(stage);
    await within(
      "both must stop",
      Promise.all([client.stop({ timeout: 200 }), service.stop({ timeout: 200 })]),
    );
    const ends = await within("both must end", Promise.all([opened.closed, served.closed]));
    assertEquals(ends, ["shutting-down", "shutting-down"]);
  },
);

onEveryProfile("NatsBroker.openSession() needs a connection", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.session("svc.talk", (session) => session.closed);
  });
  const other = stage.client();
  await assertRejects(() => other.openSession("svc.talk"), ConnectionError, "call connect()");
  await client.stop();
  await assertRejects(() => client.openSession("svc.talk"), ConnectionError);
});
