import { EmbeddedServer } from "@signalbox/nats/testing";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Unavailable } from "./python.ts";

const FAILED = 1;
const UNAVAILABLE = 77;

/** How to get the program of each client, by its name. */
export type Programs<Program> = Readonly<Record<string, () => Promise<Program>>>;

/** Tries clients on nats-server and on the embedded server; gives the exit code. */
export async function tryClients<Program>(
  names: readonly string[],
  programs: Programs<Program>,
  understands: (name: string, program: Program, url: string) => Promise<boolean>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    const prepare = programs[name];
    if (!prepare) throw new TypeError(`Cannot try "${name}" as it must be a client that is known`);
    try {
      const program = await prepare();
      await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "s" }' });
      if (!await understands(`${name}, on nats-server`, program, server.url)) code = FAILED;
      await using embedded = await EmbeddedServer.start();
      if (!await understands(`${name}, embedded`, program, embedded.url)) code = FAILED;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(`not tried - ${name}: ${error.message}`);
      code ||= UNAVAILABLE;
    }
  }
  return code;
}
