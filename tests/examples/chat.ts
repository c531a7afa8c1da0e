/**
 * A chat: rooms, and side-talk that one member alone sees. Each member has a session with the room, so nobody listens who
 * was not let in, whoever does not read holds up nobody, and whoever goes is missed, however that happens.
 *
 * ```sh
 * deno run --allow-net --allow-env=NATS_URL tests/examples/chat.ts
 * ```
 *
 * @module
 */
import type { HandlerSubscriber, LinkOptions, Schema, Session } from "@signalbox/nats";
import { NatsBroker, OutboxFullError, ReplyError } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";

/** What a member says: to all, or to one. */
export type Words = { readonly text: string; readonly to?: string };
/** What a member is shown; where nobody is named, the room itself speaks. */
export type Line = Words & { readonly from?: string };
/** A member's side of the session. */
export type Seat = Session<Line, Words>;

type Member = Pick<Session<Words, Line>, "send" | "abort">;

/** Serves rooms; each is there for as long as somebody is in it. It lives in one process, so one serves all of them. */
export function serveChat(
  broker: NatsBroker,
  // a member out of reach is waited for, but not for as long as by default
  patience: LinkOptions = { keepAlive: 5_000, resumeTimeout: 5_000 },
): HandlerSubscriber {
  const rooms = new Map<string, Map<string, Member>>();
  const options = { ...patience, openingSchema: aGuest, schema: someWords };
  return broker.session("chat.{room}", options, async (session) => {
    const { params: { room }, opening: { body: { name } } } = session;
    const members = rooms.get(room) ?? new Map<string, Member>();
    if (members.has(name)) throw new ReplyError(409, `${name} is in the ${room} already`);
    tell([session], { text: `Welcome to the ${room}` });
    tell(members.values(), { text: `${name} joins` });
    rooms.set(room, members.set(name, session));

    // a broker that stops would wait for the last one to leave
    session.draining.addEventListener("abort", () => void session.close());
    try {
      for await (const { body: { text, to } } of session) {
        const others = [...members.values()].filter((member) => member !== session);
        const addressee = to === undefined ? undefined : members.get(to);
        if (to === undefined) tell(others, { from: name, text });
        else if (addressee) tell([addressee], { from: name, text, to });
        else tell([session], { text: `${to} is not in the ${room}` });
      }
    } finally {
      members.delete(name);
      if (members.size === 0) rooms.delete(room);
      tell(members.values(), { text: `${name} leaves` });
    }
  });
}

/** Waits for nobody: who does not read must not hold up the room, and has to go once too much waits. */
function tell(members: Iterable<Member>, line: Line): void {
  for (const member of members) {
    member.send(line).catch((error) => {
      if (error instanceof OutboxFullError) member.abort("You do not read what is said");
    });
  }
}

/** Takes a seat in a room, and resolves once welcome there; a `RemoteError` says why one is not. */
export async function join(broker: NatsBroker, room: string, name: string): Promise<Seat> {
  const seat = await broker.openSession<Line, Words>(`chat.${room}`, { name });
  await seat.next();
  return seat;
}

/** What was typed, as words: `/to NAME text` is for one alone. */
export function wordsOf(typed: string): Words {
  const [, to, text] = /^\/to (\S+) (.+)$/s.exec(typed) ?? [];
  return to && text ? { to, text } : { text: typed };
}

/** A line as it is shown. */
export function shown({ from, to, text }: Line): string {
  if (!from) return `* ${text}`;
  return to ? `${from}, to you alone: ${text}` : `${from}: ${text}`;
}

/** By hand here; zod, valibot and arktype make these. */
function schema<T>(fits: (value: Record<string, unknown>) => boolean): Schema<T> {
  const issues = [{ message: "This is not what the chat takes" }];
  const validate = (value: unknown) =>
    Object(value) === value && fits(value as Record<string, unknown>)
      ? { value: value as T }
      : { issues };
  return { "~standard": { version: 1, vendor: "chat", validate } };
}
const isText = (value: unknown) => typeof value === "string";
const aGuest = schema<{ readonly name: string }>(({ name }) => isText(name));
const someWords = schema<Words>(({ text, to }) => isText(text) && (to === undefined || isText(to)));

/** Three members talk, and one of them leaves; what each sees is printed. */
export async function converse(server: string, print: (line: string) => void): Promise<void> {
  await using broker = new NatsBroker(server, { inboxPrefix: "_CHAT", logger: false });
  serveChat(broker);
  await broker.start();

  await using ada = await join(broker, "kitchen", "Ada");
  await using grace = await join(broker, "kitchen", "Grace");
  await using linus = await join(broker, "kitchen", "Linus");
  const seats = { Ada: ada, Grace: grace, Linus: linus };
  type Name = keyof typeof seats;
  const seenBy = async (...names: readonly Name[]) => {
    for (const name of names) {
      const line = await seats[name].next({ timeout: 5_000 });
      if (line) print(`  ${name.padEnd(5)}  ${shown(line.body)}`);
    }
  };
  const says = (name: Name, typed: string) => {
    print(`${name} says ${typed}`);
    return seats[name].send(wordsOf(typed));
  };

  await seenBy("Ada", "Ada", "Grace");
  await says("Ada", "Who has my spoon?");
  await seenBy("Grace", "Linus");
  await says("Grace", "/to Ada Linus has it.");
  await seenBy("Ada");
  await says("Linus", "Not me!");
  await seenBy("Ada", "Grace");
  await linus.end();
  await seenBy("Ada", "Grace");
}

if (import.meta.main) {
  const url = Deno.env.get("NATS_URL") || undefined;
  await using embedded = url ? undefined : await EmbeddedServer.start();
  await converse(url ?? embedded!.url, console.log);
}
