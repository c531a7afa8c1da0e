/**
 * All our headers besides the two of FastStream and the two of ADR-32; peers that do not know them ignore them.
 *
 * | header                | on                   | meaning                                                                      |
 * | --------------------- | -------------------- | ---------------------------------------------------------------------------- |
 * | `Signalbox-Time-Left` | requests             | milliseconds that the caller still waits; no clock of theirs or ours matters |
 * | `Signalbox-Link`      | openings, acceptances | what one side of a stream or a session tells of itself; see `src/link/PROTOCOL.md` |
 * | `Signalbox-End`       | ends of these, answers to openings | how it ended, where it is not complete; that a plain answer is all (`complete`), or a refusal final (`error`) |
 * | `Signalbox-Own-…`     | messages that a consumer has stored for itself alone | the original message: `-Seq`, `-Subject`, `-Time`, `-Head`; the number of the next attempt: `-Attempt`; where to acknowledge the message that it replaces: `-Ack` |
 * | `Signalbox-Dead-…`    | dead letters         | where a message came from that a consumer gave up, and why: `-Stream`, `-Consumer`, `-Seq`, `-Subject`, `-Time`, `-Attempts`, `-Reason`, `-Error`, `-Issues`, `-Stack` |
 * | `Signalbox-Schedule-…` | schedules in a stream | `-Cancelled`: the schedule that was cancelled here, and when it was due; `-Over`: the cancellation that this schedule has replaced |
 * | `Signalbox-Changes`   | values that `change()` put in a bucket | the last change of each recent writer: its id, its count of changes, the revision and the time in seconds |
 *
 * @module
 */

/** How long the caller still waits, in whole milliseconds. */
export const TIME_LEFT = "Signalbox-Time-Left";

/** How one side of a link describes itself. */
export const LINK = "Signalbox-Link";

/** How a link ended. */
export const END = "Signalbox-End";

/** The beginning of what a dead letter tells of its message. */
export const DEAD = "Signalbox-Dead-";

/** The last changes of a value in a bucket. */
export const CHANGES = "Signalbox-Changes";
