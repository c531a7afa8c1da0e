import { assertEquals } from "@std/assert";
import { CopyWatch } from "../../../src/jetstream/consumer/partitions/copy_watch.ts";

Deno.test("CopyWatch tells each silence of a source, and the same one seldom", () => {
  const errors: string[] = [];
  const watch = new CopyWatch("it", (error) => errors.push(error.message));
  const look = (seconds: number) => {
    const active = seconds < 0 ? -1 : seconds * 1e9;
    const sources = [{ name: "A", lag: 0, active }];
    watch.look({ config: { name: "B" }, sources } as never);
    return errors.length;
  };
  // a source that has just begun was not heard of yet
  assertEquals([look(-1), look(0.5), look(14), look(-1), look(-1), look(0.5)], [0, 0, 0, 0, 1, 1]);
  const told = Array.from({ length: 12 }, () => look(16));
  assertEquals(told, [2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3]);
  const said = 'Cannot go on with it as the server must copy its messages into "B"';
  assertEquals(errors, Array(3).fill(`${said}: it hears nothing of "A"`));
});
