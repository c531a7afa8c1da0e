/**
 * A program that imports the bare client, and does nothing.
 *
 * @module
 */
import "@nats-io/transport-deno";
