import type { Scene } from "../scene.ts";
import { badInput } from "./bad_input.ts";
import { publishing } from "./publishing.ts";
import { streams } from "./streams.ts";

/** All conversations with JetStream that both servers are held to, by the files in which they are recorded. */
export const topics: Readonly<Record<string, readonly Scene[]>> = {
  streams,
  publishing,
  bad_input: badInput,
};
