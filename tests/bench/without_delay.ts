/** As much of a client as its socket is reached through. */
interface Inside {
  readonly protocol?: {
    readonly transport?: { readonly conn?: { setNoDelay?(on: boolean): void } };
  };
}

/** Turns Nagle's algorithm off on a bare client's socket, where it has one; it has no option for it. */
export function sendWithoutDelay(client: object): void {
  (client as Inside).protocol?.transport?.conn?.setNoDelay?.(true);
}
