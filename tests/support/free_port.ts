/** A port on loopback where nobody listens, out of those that no system hands out by itself. */
export function freePort(): number {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // somebody has it
    }
  }
}
