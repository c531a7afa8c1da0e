import { api, type Step, stream } from "../scene.ts";

/** Long enough for nats-server to ask an origin for messages, or to see that there is no origin, in milliseconds. */
export const SOON = 600;

/** Makes a stream in memory that copies others. */
export function copy(name: string, sources: readonly object[], config: object = {}): Step {
  return stream(name, { subjects: [], sources, ...config });
}

/** Makes a stream in memory that mirrors another one. */
export function mirror(name: string, origin: object, config: object = {}): Step {
  return stream(name, { subjects: [], mirror: origin, ...config });
}

/** Asks that a stream in memory have just this configuration. */
export function reconfigure(name: string, config: object): Step {
  return api(`STREAM.UPDATE.${name}`, { name, storage: "memory", ...config });
}

/** Asks for messages by their sequences. */
export function messages(name: string, ...sequences: number[]): Step[] {
  return sequences.map((seq) => api(`STREAM.MSG.GET.${name}`, { seq }));
}
