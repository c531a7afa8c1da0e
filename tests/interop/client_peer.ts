/** How to run another client; the action, the address of the server and what it needs come behind. */
export interface PeerProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How long one action of a client may take, in milliseconds. */
const LIMIT = 60_000;

/** Another client, at one server. */
export class ClientPeer {
  readonly #program: PeerProgram;
  readonly #url: string;

  constructor(program: PeerProgram, url: string) {
    this.#program = program;
    this.#url = url;
  }

  /** Has it do something; gives what it printed. */
  async do(action: string, ...given: readonly string[]): Promise<string> {
    const { command, args, env = {} } = this.#program;
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args: [...args, action, this.#url, ...given],
      env: { PYTHONDONTWRITEBYTECODE: "1", ...env },
      cwd: "/",
      stdin: "null",
      signal: AbortSignal.timeout(LIMIT),
    }).output();
    const [told, failed] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    if (success) return told!;
    throw new Error(`Cannot ${action} ${given[0] ?? ""} as the client must succeed: ${failed}`);
  }
}
