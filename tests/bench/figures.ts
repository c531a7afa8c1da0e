import type { Spread } from "./statistics.ts";

/** A number with three digits or so. */
export function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

/** A ratio, and between what its rounds lie. */
export function ratioText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/** A difference, and between what its rounds lie. */
export function differenceText({ median, min, max }: Spread): string {
  const [middle, least, most] = [median, min, max].map((value) =>
    value < 0 ? `−${Math.round(-value)}` : `+${Math.round(value)}`
  );
  return least === most ? middle! : `${middle} (${least} to ${most})`;
}

/** An aim; a missed one has a cross. */
export function aimText(aim: string, isReached: boolean): string {
  return `${aim} ${isReached ? "✓" : "✗"}`;
}
