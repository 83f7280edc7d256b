/** A part too small to see would hide the one answer that matters. */
const LEAST_SHARE = 0.04;

/**
 * The parts of a bar beside one another, a pixel apart, as a background image: an element each would be a cost of
 * scrolling.
 * @param parts at least one; shares from 0 to 1
 */
export function stripes(parts: readonly { color: string; share: number }[]): string {
  const widths = parts.map(({ share }) => Math.max(share, LEAST_SHARE));
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
