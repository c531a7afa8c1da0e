/** So many are on their way at any time. */
export const AT_ONCE = 64;

/** One for each that is on its way, and no more than there is to do. */
export function lanes<Lane>(operations: number, lane: (number: number) => Lane): Lane[] {
  return Array.from({ length: Math.min(AT_ONCE, operations) }, (_, number) => lane(number));
}

/** Does the operations in lanes, each one after the other; gives the last result of each lane. */
export function inLanes<Result>(
  operations: number,
  operate: (lane: number) => Promise<Result>,
): Promise<readonly Result[]> {
  let left = operations;
  const lane = async (number: number) => {
    let last: Result | undefined;
    while (left-- > 0) last = await operate(number);
    return last!;
  };
  return Promise.all(lanes(operations, lane));
}
