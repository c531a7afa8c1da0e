/**
 * Every header of ours beyond the two of FastStream and the two of ADR-32; peers that do not know them pass over them.
 *
 * | header                | on       | meaning                                                                   |
 * | --------------------- | -------- | ------------------------------------------------------------------------- |
 * | `Signalbox-Time-Left` | requests | milliseconds that the caller still waits; no clock of theirs or ours matters |
 *
 * @module
 */

/** How long the caller still waits, in whole milliseconds. */
export const TIME_LEFT = "Signalbox-Time-Left";
