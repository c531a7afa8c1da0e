import { usesPlainLine } from "./internals.ts";

/** Whether the brokers of this process go by the client's public face alone; see `plain.ts`. */
export const isPlain = usesPlainLine();

/** A test of what the fast line alone can do; on the plain one its name says why not. */
export function fastLineTest(name: string, why: string, fn: () => Promise<void>): void {
  Deno.test({
    name: isPlain ? `${name} (not on the plain line: ${why})` : name,
    ignore: isPlain,
    fn,
  });
}
