// Waits for a line; the end of its input without one means that the tests' process is gone.
const script = `
  trap "" HUP INT TERM
  read -r released || { kill -9 "$1"; rm -rf "$2"; }
`;

/** Sees to it that a server does not outlive the tests, not even if they are killed. */
export class Guard {
  readonly #child: Deno.ChildProcess;

  constructor(pid: number, folder: string) {
    this.#child = new Deno.Command("sh", {
      args: ["-c", script, "guard", String(pid), folder],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  async release(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("released\n"));
    await writer.close();
    await this.#child.status;
  }
}
