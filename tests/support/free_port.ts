const HOSTNAME = "127.0.0.1";
/** How long a process that is being started may keep a copy of a socket, in milliseconds. */
const PATIENCE = 5_000;

/** A port on loopback where nobody listens, out of those that no system hands out by itself. */
export function freePort(): number {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    try {
      Deno.listen({ hostname: HOSTNAME, port }).close();
      return port;
    } catch {
      // somebody has it
    }
  }
}

/**
 * Listens on a port that is the test's own. Where tests run side by side, a process that one of them starts has copies of
 * all sockets until it runs its own program: a socket that was closed before goes on listening for as long.
 */
export function listenOn(port: number): Deno.TcpListener {
  const until = performance.now() + PATIENCE;
  for (;;) {
    try {
      return Deno.listen({ hostname: HOSTNAME, port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || performance.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}
