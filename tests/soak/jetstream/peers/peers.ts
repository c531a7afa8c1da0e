import { clients } from "../../../interop/jetstream/clients/clients.ts";
import { findPython } from "../../../interop/python.ts";
import { WorkerProcess } from "../../worker_process.ts";
import type { Side } from "../side.ts";

/** How a program of a peer is run; what it is to do comes behind it. */
interface Peer {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
}

const HERE = new URL("./", import.meta.url).pathname;

/** Other clients, whose packages come from their registries the first time. */
export const PEERS: Readonly<Record<string, () => Promise<Side>>> = {
  "nats.js": async () => {
    const { command, args } = await clients["nats.js"]!();
    return sideOf({ command, args: [...args.slice(0, -1), `${HERE}nats_js.ts`], cwd: "/" });
  },
  "FastStream": async () =>
    sideOf({ command: await findPython(), args: [`${HERE}with_faststream.py`] }),
};

function sideOf({ command, args, cwd }: Peer): Side {
  return {
    publish: async ({ cluster }, plan) => {
      const order = JSON.stringify({ servers: cluster.urls, plan });
      const { success, stdout } = await new Deno.Command(command, {
        args: [...args, "publish", order],
        ...cwd && { cwd },
        stderr: "inherit",
      }).output();
      if (!success) throw new Error(`Cannot publish as "${command}" must succeed: it has failed`);
      const { stored, failures } = JSON.parse(new TextDecoder().decode(stdout));
      return { stored, failures: new Map<string, number>(Object.entries(failures)) };
    },
    work: (order) =>
      WorkerProcess.run(command, {
        args: [...args, "work", JSON.stringify(order)],
        ...cwd && { cwd },
      }),
  };
}
