/**
 * Makes a nats-server ready before the tests want it, and says which: a download inside a test
 * would look like a slow test.
 *
 * @module
 */

import { findServer } from "./binary.ts";

try {
  const { path, version } = await findServer();
  const root = new URL("../../../", import.meta.url).pathname;
  console.log(`nats-server ${version} (${path.replace(root, "")})`);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
