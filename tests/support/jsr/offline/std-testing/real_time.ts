/** The clock and the timers as they were before anything faked them. */
export const realTime = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};

export const realAbortSignalTimeout = AbortSignal.timeout;

export function restoreGlobals(): void {
  Object.assign(globalThis, realTime);
  AbortSignal.timeout = realAbortSignalTimeout;
}
