/**
 * Two parties, each with a private inbox, talk to each other; every step is printed.
 *
 * ```sh
 * deno run -N jsr:@signalbox/nats/demo
 * ```
 *
 * @module
 */
import { NatsBroker } from "../broker/broker.ts";
import type { Inbox } from "../inbox/inbox.ts";
import { EmbeddedServer } from "../testing/server/embedded_server.ts";

/** Where the demo runs and what becomes of its lines. */
export interface DemoOptions {
  /** The URL of a server. @default {an embedded server of the demo's own} */
  readonly server?: string | undefined;
  /** Takes each line. @default {console.log} */
  readonly print?: (line: string) => void;
}

/** What a desk answers, in the order it is asked. */
const ANSWERS = ["It left the warehouse this morning.", "Tomorrow, before noon.", "Goodbye!"];
const QUESTIONS = ["Where is my parcel?", "When will it be here?", "Thank you, that is all."];

/**
 * Makes an inbox name, and then holds a conversation over two inboxes.
 *
 * @throws {ConnectionError} if there is no server at the URL that was given
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * const lines: string[] = [];
 * await demo({ print: (line) => lines.push(line) });
 * assertStringIncludes(lines.join("\n"), "Where is my parcel?");
 * ```
 */
export async function demo({ server, print = console.log }: DemoOptions = {}): Promise<void> {
  await using embedded = server ? undefined : await EmbeddedServer.start();
  const url = server ?? embedded!.url;
  print(server ? `Server    ${url}` : `Server    ${url} (embedded in this process)`);

  await using desk = new NatsBroker(url, { inboxPrefix: "_DESK_INBOX", logger: false });
  await using guest = new NatsBroker(url, { inboxPrefix: "_CUSTOM_INBOX", logger: false });
  serve(desk, print);
  await Promise.all([desk.start(), guest.start()]);

  print(`\nA name that nobody can guess, under the guest's own prefix:`);
  print(`  await broker.newInbox()   ${await guest.newInbox()}`);

  print(`\nA private channel. The guest opens an inbox, and asks the desk for one:`);
  await using inbox = await guest.openInbox();
  print(`  the guest listens at      ${inbox}`);
  const { body } = await guest.request("desk.open", { name: "Ada" });
  const { talkTo } = body as { talkTo: string };
  print(`  the desk listens at       ${talkTo}`);

  print(`\nFrom here on both talk inbox to inbox; nobody else has seen either name:`);
  for (const question of QUESTIONS) {
    print(`  Ada   ${question}`);
    await guest.publish(talkTo, question, { replyTo: inbox.subject });
    print(`  Desk  ${(await inbox.next({ timeout: 5_000 }))?.body}`);
  }
  await inbox.close();
  print(`\nBoth inboxes are closed, and the server has forgotten them.`);
}

/** Gives every guest an inbox of its own, which ends after as many messages as there are answers. */
function serve(desk: NatsBroker, print: (line: string) => void): void {
  desk.subscriber("desk.open", async ({ body }) => {
    const inbox = await desk.openInbox({ max: ANSWERS.length, idleTimeout: 10_000 });
    print(`  the desk welcomes         ${(body as { name: string }).name}`);
    void converse(desk, inbox);
    return { talkTo: inbox.subject };
  });
}

async function converse(desk: NatsBroker, inbox: Inbox): Promise<void> {
  const answers = ANSWERS.values();
  for await (const { replyTo } of inbox) {
    if (replyTo) await desk.publish(replyTo, answers.next().value);
  }
}

if (import.meta.main) await demo({ server: serverOfEnvironment() });

/** Reading the variable without permission would prompt, and the demo does well without it. */
function serverOfEnvironment(): string | undefined {
  const wanted = { name: "env", variable: "NATS_URL" } as const;
  const { state } = Deno.permissions.querySync(wanted);
  return state === "granted" ? Deno.env.get("NATS_URL") || undefined : undefined;
}
