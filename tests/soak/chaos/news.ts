/** Where the numbered messages are published. */
export const NEWS = "chaos.news";

/** The message of a number: it can be told whether it arrived whole. */
export function newsOf(number: number, size: number): string {
  const letter = String.fromCharCode(97 + number % 26);
  return `${number} `.padEnd(size, letter);
}

/** The number of a message; undefined if it is not whole, or nobody sent it. */
export function numberOf(news: string, size: number): number | undefined {
  const number = Number.parseInt(news);
  return news === newsOf(number, size) ? number : undefined;
}
