/** Ends this process once its parent has ended, however that ended: the other end of standard input is closed then. */
export async function endWithParent(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
  Deno.exit(1);
}
