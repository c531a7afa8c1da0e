import type { Heard } from "./play.ts";

/** What nats-server said in each scene, after each of its steps. */
export interface Recording {
  readonly version: string;
  readonly scenes: Readonly<Record<string, readonly (readonly Heard[])[]>>;
}

/** Where it is written down. */
export const RECORDING = new URL("./conversations.json", import.meta.url);
