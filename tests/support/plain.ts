/**
 * Loaded before the tests, it has every broker go by the client's public face alone. It imports the switch itself,
 * and no more, as what it loads stands in front of every test.
 *
 * @module
 */
import { REACH } from "../../src/reach/client_shape.ts";

REACH.isWanted = false;
