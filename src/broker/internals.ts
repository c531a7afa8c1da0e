import type { BrokerCore } from "./broker_core.ts";
import type { Registry } from "./registry.ts";

/** The insides of routers and brokers, for this package's own modules: programs must not see them as members. */
const registries = new WeakMap<object, Registry>();
const cores = new WeakMap<object, BrokerCore>();

/** Gives a router its registry; that of a broker replaces the one it had as a router. */
export function setRegistry(router: object, registry: Registry): void {
  registries.set(router, registry);
}

/** The registry of a router. */
export function registryOf(router: object): Registry {
  return registries.get(router)!;
}

/** Notes the core of a broker. */
export function setCore(broker: object, core: BrokerCore): void {
  cores.set(broker, core);
}

/** The core of a broker; `undefined` for anything else. */
export function coreOf(broker: object): BrokerCore | undefined {
  return cores.get(broker);
}
