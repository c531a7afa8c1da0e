import { tmpdir } from "node:os";

const FIRST = 15_000;
const COUNT = 15_000;
const HOSTNAME = "127.0.0.1";
/** How long a process that is being started may keep a copy of a socket, in milliseconds. */
const PATIENCE = 5_000;

/**
 * A port on loopback where nobody listens, out of those that no system hands out by itself. Of all processes of this user
 * each gets the next one: a port that a test's server leaves for a moment is not given to another test meanwhile.
 */
export function freePort(): number {
  for (;;) {
    const port = FIRST + ticket() % COUNT;
    try {
      Deno.listen({ hostname: HOSTNAME, port }).close();
      return port;
    } catch {
      // somebody has it
    }
  }
}

/** A number that no other process gets: the length of a shared file to which each adds a byte. */
function ticket(): number {
  const path = `${tmpdir()}/signalbox_ports_${Deno.uid() ?? ""}`;
  using file = Deno.openSync(path, { append: true, create: true });
  file.writeSync(new Uint8Array(1));
  return file.seekSync(0, Deno.SeekMode.Current);
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
