/** Names that servers use among themselves, and that the real one refuses from clients. */
const SUBJECTS = ["_GR_.", "$GR.", "$NRG."] as const;
const REPLIES = ["_R_.", "$JS.ACK.", "_GR_.", "$GR."] as const;
const QUEUE = "_sys_";

/** Must a client not publish there? */
export function isReservedSubject(subject: string): boolean {
  return mayBeReserved(subject) && SUBJECTS.some((prefix) => subject.startsWith(prefix));
}

/** Must a client not ask for replies there? */
export function isReservedReply(reply: string): boolean {
  return mayBeReserved(reply) && REPLIES.some((prefix) => reply.startsWith(prefix));
}

/** Must a client not join that group? */
export function isReservedQueue(queue: string | undefined): boolean {
  return queue === QUEUE;
}

/** Every message asks, so the answer for nearly all has to be cheap. */
function mayBeReserved(subject: string): boolean {
  const first = subject.charCodeAt(0);
  return first === 0x5f || first === 0x24;
}
