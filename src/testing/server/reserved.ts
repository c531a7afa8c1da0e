/** Names that servers use among themselves, and that nats-server refuses from clients. */
const SUBJECTS = ["_GR_.", "$GR.", "$NRG."] as const;
const REPLIES = ["_R_.", "$JS.ACK.", "_GR_.", "$GR."] as const;
const QUEUE = "_sys_";

/** Whether no client may publish there. */
export function isReservedSubject(subject: string): boolean {
  return mayBeReserved(subject) && SUBJECTS.some((prefix) => subject.startsWith(prefix));
}

/** Whether no client may ask for replies there. */
export function isReservedReply(reply: string): boolean {
  return mayBeReserved(reply) && REPLIES.some((prefix) => reply.startsWith(prefix));
}

/** Whether no client may join that group. */
export function isReservedQueue(queue: string | undefined): boolean {
  return queue === QUEUE;
}

/** a cheap check for nearly all, as it runs for each message */
function mayBeReserved(subject: string): boolean {
  const first = subject.charCodeAt(0);
  return first === 0x5f || first === 0x24;
}
