import type { Heard } from "./play.ts";

/** What nats-server said in each scene, after each of its steps. */
export interface Recording {
  readonly version: string;
  readonly scenes: Readonly<Record<string, readonly (readonly Heard[])[]>>;
}

/** Where the conversations of a topic are written down. */
export function recordingOf(topic: string): URL {
  return new URL(`./recorded/${topic}.json`, import.meta.url);
}

/** A recording with one line for each step. */
export function asText({ version, scenes }: Recording): string {
  const list = Object.entries(scenes).map(([name, steps]) => {
    const lines = steps.map((frames) => `      ${JSON.stringify(frames)}`);
    return `    ${JSON.stringify(name)}: [\n${lines.join(",\n")}\n    ]`;
  });
  return `{\n  "version": "${version}",\n  "scenes": {\n${list.join(",\n")}\n  }\n}\n`;
}
