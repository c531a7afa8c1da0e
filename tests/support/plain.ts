/**
 * Loaded before the tests, it has every broker go by the client's public face alone.
 *
 * @module
 */
import { REACH } from "../../src/reach/client_shape.ts";

REACH.isWanted = false;
