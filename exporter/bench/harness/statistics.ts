export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('the median of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[Math.floor(index)] as number;
  return (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
}

/** `other` divided by `base`, round by round: a machine that slows down slows both sides of a round. */
export const ratios = (other: readonly number[], base: readonly number[]): number[] =>
  other.map((value, round) => value / (base[round] as number));

/** Median, lowest and highest value, such as `9.8 times (9.1–10.4)`. Of one value only the value. */
export function spread(values: readonly number[], format: (value: number) => string, unit = ''): string {
  const [low, high] = [format(Math.min(...values)), format(Math.max(...values))];
  const middle = `${format(median(values))}${unit === '' ? '' : ' '}${unit}`;
  return low === high ? middle : `${middle} (${low}–${high})`;
}

/** Whole numbers with a comma every three digits. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
export const tenths = (value: number): string => value.toFixed(1);
export const hundredths = (value: number): string => value.toFixed(2);
