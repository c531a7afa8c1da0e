/**
 * Writes down what streams and sessions put on the wire of a real nats-server, for `tests/server/protocol_test.ts`.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/interop/record_session.ts
 * ```
 *
 * @module
 */
import { RECORDING } from "./session_frames.ts";
import { recordSessions } from "./session_scenes.ts";

if (import.meta.main) {
  const recording = await recordSessions();
  await Deno.writeTextFile(RECORDING, JSON.stringify(recording, null, 2) + "\n");
  const count = recording.scenes.reduce((sum, { frames }) => sum + frames.length, 0);
  console.log(`# ${recording.server}: ${count} frames of ${recording.scenes.length} scenes`);
}
