/**
 * A program that imports the package, and does nothing.
 *
 * @module
 */
import "../../../mod.ts";
