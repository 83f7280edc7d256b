/** Minimum drawn share, so that a few errors stay visible. */
const MIN_SHARE = 0.04;

/**
 * Returns the parts of a bar, one pixel apart, as a background image. One element per part would slow down scrolling.
 * @param parts at least one; shares from 0 to 1
 */
export function stripes(parts: readonly { color: string; share: number }[]): string {
  const widths = parts.map(({ share }) => Math.max(share, MIN_SHARE));
  const whole = widths.reduce((sum, width) => sum + width, 0);
  let end = 0;
  const stops = parts.map(({ color }, i) => {
    const start = `${end.toFixed(1)}%`;
    end += ((widths[i] as number) / whole) * 100;
    const next = `${end.toFixed(1)}%`;
    if (i === parts.length - 1) return `${color} ${start} 100%`;
    return `${color} ${start} calc(${next} - 1px), transparent calc(${next} - 1px) ${next}`;
  });
  return `linear-gradient(to right, ${stops.join(', ')})`;
}
