import type { NatsServer } from "../support/nats_server/nats_server.ts";

/** What the numbers depend on. */
export interface Conditions {
  readonly deno: string;
  readonly transport: string;
  readonly server: string;
  readonly cores: number;
}

/** Asks around; the server knows which transport connected to it. */
export async function conditions(server: NatsServer): Promise<Conditions> {
  const { connections } = await server.monitor("/connz");
  const transports = new Set<string>();
  for (const { lang, version } of connections) transports.add(`${lang} ${version}`);
  return {
    deno: `Deno ${Deno.version.deno}`,
    transport: [...transports].join(" and "),
    server: `nats-server ${server.version}`,
    cores: navigator.hardwareConcurrency,
  };
}

/** The conditions in one line. */
export function told({ deno, transport, server, cores }: Conditions): string {
  return `${deno}, transport ${transport}, ${server}, ${cores} cores, both ends in one process`;
}
