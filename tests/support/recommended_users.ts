import type { User } from "./backends.ts";

const GUIDE = new URL("../../src/broker/PERMISSIONS.md", import.meta.url);
const BLOCK = /```text\n(authorization: \{ users: \[\n[\s\S]*?\n\] \})\n```/;
const USER = /\{ user: (\w+), password: (\w+), permissions: \{\s*([\s\S]*?) \} \}/g;
const ENTRY = /(publish|subscribe): (\[[^\]]*\])/g;

/** The configuration that the guide to permissions recommends, word for word. */
export async function recommended(): Promise<string> {
  const [, block] = BLOCK.exec(await Deno.readTextFile(GUIDE)) ?? [];
  if (block === undefined) throw new Error("the guide must have a configuration with users");
  return block;
}

/** Its users, for a server that reads no configuration; all that it says must be understood. */
export async function recommendedUsers(): Promise<Readonly<Record<"shop" | "desk", User>>> {
  const block = await recommended();
  let rest = block;
  const take = (text: string) => void (rest = rest.replace(text, ""));
  const users: Record<string, User> = {};
  for (const [whole, user = "", password = "", entries = ""] of block.matchAll(USER)) {
    const permissions: Record<string, unknown> = {};
    let unread = entries;
    for (const [entry, key = "", list = ""] of entries.matchAll(ENTRY)) {
      permissions[key] = JSON.parse(list);
      unread = unread.replace(entry, "");
    }
    if (/\w/.test(unread)) throw new Error(`the guide grants what is not understood: ${unread}`);
    users[user] = { user, password, permissions };
    take(whole);
  }
  if (/\w/.test(rest.replace("authorization", "").replace("users", ""))) {
    throw new Error(`the guide's configuration has more than users: ${rest}`);
  }
  const { shop, desk } = users;
  if (!shop || !desk) throw new Error("the guide must have the users shop and desk");
  return { shop, desk };
}
