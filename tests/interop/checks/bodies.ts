import { assertEquals } from "@std/assert";
import { type Body, FROM_FASTSTREAM, FROM_SIGNALBOX, readAs } from "../bodies.ts";
import { meaningOf, valueOf } from "../meaning.ts";
import type { Seen } from "../peer.ts";
import { type Check, type Scene, SOON } from "./check.ts";

/** Every kind of body on each of the ways it can take. */
export const bodies: readonly Check[] = [
  ...each(FROM_SIGNALBOX, "our message to a FastStream handler", async ({ broker, peer }, body) => {
    await broker.publish("py.hear", valueOf(body.sent));
    const [seen] = await peer.heard(1);
    assertEquals(seen?.body, readAs(body));
  }),
  ...each(FROM_SIGNALBOX, "our request to a FastStream handler", async ({ broker }, body) => {
    const answer = await broker.request("py.describe", valueOf(body.sent));
    assertEquals((answer.body as Seen).body, readAs(body));
  }),
  ...each(FROM_SIGNALBOX, "our reply to FastStream's request", async ({ peer }, body) => {
    const subject = `js.reply.${FROM_SIGNALBOX.indexOf(body)}`;
    const answer = await peer.request({ subject, body: { text: "?" } });
    assertEquals([answer.error, answer.body], [undefined, readAs(body)]);
  }),
  ...each(FROM_FASTSTREAM, "FastStream's message to our inbox", async ({ broker, peer }, body) => {
    await using inbox = await broker.openInbox();
    await peer.publish({ subject: inbox.subject, body: body.sent });
    assertEquals(meaningOf((await inbox.next(SOON))?.body), readAs(body));
  }),
  ...each(FROM_FASTSTREAM, "FastStream's reply to our request", async ({ broker }, body) => {
    assertEquals(meaningOf((await broker.request("py.answer", body.sent)).body), readAs(body));
  }),
  ...each(FROM_FASTSTREAM, "FastStream's request to our handler", async ({ peer }, body) => {
    const answer = await peer.request({ subject: "js.describe", body: body.sent });
    assertEquals(answer.error, undefined);
    assertEquals((answer.body as { json: Seen }).json.body, readAs(body));
  }),
];

function each(
  kinds: readonly Body[],
  way: string,
  run: (scene: Scene, body: Body) => Promise<void>,
): Check[] {
  return kinds.map((body) => ({
    name: `${way}: ${body.name}`,
    run: (scene) => run(scene, body),
  }));
}
