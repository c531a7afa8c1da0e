import { NatsBroker } from "@signalbox/nats";
import { assertEquals, assertMatch } from "@std/assert";
import { type Check, SOON } from "./check.ts";

const TEXT = { text: "psst" };

/** Inboxes of each side, listened to by each side. */
export const inboxes: readonly Check[] = [
  {
    name: "a new_inbox of FastStream, listened to there: we publish to it",
    async run({ broker, peer }) {
      const inbox = await peer.newInbox();
      assertMatch(inbox, /^_PEER\.\w+$/);
      await peer.listen(inbox);
      await broker.publish(inbox, TEXT.text);
      const [seen] = await peer.heard(1);
      assertEquals([seen?.subject, seen?.body], [inbox, TEXT]);
    },
  },
  {
    name: "a new_inbox of FastStream, listened to here: FastStream publishes to it",
    async run({ peer, url }) {
      const inbox = await peer.newInbox();
      await using listener = new NatsBroker(url, { logger: false });
      const heard = new Promise((resolve) =>
        listener.subscriber(inbox, ({ body, subject }) => resolve([subject, body]))
      );
      await listener.start();
      await peer.publish({ subject: inbox, body: TEXT });
      assertEquals(await heard, [inbox, TEXT.text]);
    },
  },
  {
    name: "an openInbox of ours: FastStream publishes to it",
    async run({ broker, peer }) {
      await using inbox = await broker.openInbox();
      assertMatch(inbox.subject, /^_OURS\.[0-9A-Za-z]{22}$/);
      await peer.publish({ subject: inbox.subject, body: TEXT });
      assertEquals((await inbox.next(SOON))?.body, TEXT.text);
    },
  },
  {
    name: "a newInbox of ours, listened to by FastStream: we publish to it",
    async run({ broker, peer }) {
      const inbox = await broker.newInbox();
      await peer.listen(inbox);
      await broker.publish(inbox, TEXT.text);
      const [seen] = await peer.heard(1);
      assertEquals([seen?.subject, seen?.body], [inbox, TEXT]);
    },
  },
  {
    name: "an inbox of each side, told to the other as reply_to: a private channel",
    async run({ broker, peer }) {
      const theirs = await peer.newInbox();
      await peer.listen(theirs);
      await using ours = await broker.openInbox();
      await peer.publish({ subject: ours.subject, body: TEXT, replyTo: theirs });
      const question = await ours.next(SOON);
      assertEquals(question?.replyTo, theirs);
      await broker.publish(theirs, { heard: question?.body }, { replyTo: ours.subject });
      const [seen] = await peer.heard(1);
      assertEquals([seen?.body, seen?.replyTo], [{ json: { heard: "psst" } }, ours.subject]);
    },
  },
];
