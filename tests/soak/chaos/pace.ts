import { delay } from "../../support/delay.ts";

/** So many acts a second until the signal aborts, each due at its time whatever became of those before. */
export async function pace(
  rate: number,
  over: AbortSignal,
  act: (number: number) => Promise<void> | void,
): Promise<void> {
  const began = performance.now();
  const apart = 1_000 / rate;
  for (let number = 0; !over.aborted;) {
    while (!over.aborted && began + number * apart <= performance.now()) await act(number++);
    await delay(1);
  }
}
