import type { Scene } from "../scene.ts";
import { badInput } from "./bad_input.ts";
import { publishing } from "./publishing.ts";
import { streams } from "./streams.ts";

/** All conversations with JetStream that both servers are held to. */
export const scenes: readonly Scene[] = [...streams, ...publishing, ...badInput];
