import type { Progress } from "./interleave.ts";

const encoder = new TextEncoder();

/** Tells how far something is: on a terminal as it goes, elsewhere its beginning and its end. */
export function showing(name: string): Progress {
  const terminal = Deno.stderr.isTerminal();
  return (done, of) => {
    const ended = done === of;
    const text = `${name}: ${done} of ${of} rounds`;
    if (terminal) Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}${ended ? "\n" : ""}`));
    else if (done === 0 || ended) console.error(text);
  };
}
