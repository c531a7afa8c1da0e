/**
 * Shows an inbox name that nobody can guess, and two parties who talk in a session; prints every step.
 *
 * ```sh
 * deno run -N jsr:@signalbox/nats/demo
 * ```
 *
 * @module
 */
import { NatsBroker } from "../broker/broker.ts";
import { EmbeddedServer } from "../testing/server/embedded_server.ts";

/** Where the demo runs and prints. */
export interface DemoOptions {
  /**
   * The URL of a server.
   *
   * @default {an embedded server of the demo's own}
   */
  readonly server?: string | undefined;
  /**
   * Prints a line.
   *
   * @default {console.log}
   */
  readonly print?: (line: string) => unknown;
}

/** The desk's answers, in order. */
const ANSWERS = ["It left the warehouse this morning.", "Tomorrow, before noon.", "Goodbye!"];
const QUESTIONS = ["Where is my parcel?", "When will it be here?", "Thank you, that is all."];

/**
 * Makes an inbox name, and then holds a conversation in a session.
 *
 * @throws {ConnectionError} if no server answers at the given URL
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
  await print(server ? `Server    ${url}` : `Server    ${url} (embedded in this process)`);

  await using desk = new NatsBroker(url, { inboxPrefix: "_DESK_INBOX", logger: false });
  await using guest = new NatsBroker(url, { inboxPrefix: "_CUSTOM_INBOX", logger: false });
  serve(desk, print);
  await Promise.all([desk.start(), guest.start()]);

  await print(`\nA name that nobody can guess, under the guest's own prefix:`);
  await print(`  await broker.newInbox()   ${await guest.newInbox()}`);

  await print(`\nA private channel. The guest asks for a session, and the desk takes it:`);
  await print(`  the guest asks at         desk.ada`);
  await using session = await guest.openSession("desk.ada", { name: "Ada" });
  await print(`  the session is            ${session.state}`);

  await print(`\nFrom here on both talk inbox to inbox; nobody else has seen either name:`);
  for (const question of QUESTIONS) {
    await print(`  Ada   ${question}`);
    await session.send(question);
    await print(`  Desk  ${(await session.next({ timeout: 5_000 }))?.body}`);
  }

  await print(`\nThe guest has said all, and the desk has too:`);
  await session.end();
  await print(`  the session ended         ${await session.closed}`);
}

/** Answers every guest in a separate session, which ends when the guest ends it. */
function serve(desk: NatsBroker, print: (line: string) => unknown): void {
  desk.session("desk.{name}", async (session) => {
    const { name } = session.opening.body as { name: string };
    await print(`  the desk welcomes         ${name}, at desk.${session.params.name}`);
    const answers = ANSWERS.values();
    for await (const _question of session) await session.send(answers.next().value);
  });
}

if (import.meta.main) await demo({ server: serverOfEnvironment() });

/** Reads the variable only with permission, as Deno would otherwise prompt. */
function serverOfEnvironment(): string | undefined {
  const wanted = { name: "env", variable: "NATS_URL" } as const;
  const { state } = Deno.permissions.querySync(wanted);
  return state === "granted" ? Deno.env.get("NATS_URL") || undefined : undefined;
}
