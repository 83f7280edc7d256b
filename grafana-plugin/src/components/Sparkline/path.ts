/** Maximum number of points of a sparkline. */
const MAX_POINTS = 60;

/**
 * Returns the paths of a line and of the area below it. NaN leaves a gap.
 * @param top the value at full height; default: the maximum
 */
export function sparklinePath(
  times: number[],
  values: number[],
  width: number,
  height: number,
  top?: number,
): { line: string; area: string } {
  const points = downsampled(times, values);
  const first = points[0]?.[0] ?? 0;
  const span = (points.at(-1)?.[0] ?? 0) - first || 1;
  const highest = top ?? (Math.max(0, ...points.map(([, value]) => value).filter(Number.isFinite)) || 1);
  const x = (time: number) => round(((time - first) / span) * width);
  const y = (value: number) => round(height - 1 - (value / highest) * (height - 2));
  let line = '';
  let area = '';
  let open: number | undefined;
  points.forEach(([time, value], i) => {
    if (!Number.isFinite(value)) return;
    const at = `${x(time)} ${y(value)}`;
    if (open === undefined) {
      line += `M${at}`;
      area += `M${x(time)} ${height}L${at}`;
      open = time;
    } else {
      line += `L${at}`;
      area += `L${at}`;
    }
    const next = points[i + 1];
    if (next === undefined || !Number.isFinite(next[1])) {
      area += `L${x(time)} ${height}Z`;
      open = undefined;
    }
  });
  return { line, area };
}

/** Averages neighbouring points. */
function downsampled(times: number[], values: number[]): [number, number][] {
  const step = Math.ceil(times.length / MAX_POINTS);
  const points: [number, number][] = [];
  for (let start = 0; start < times.length; start += step) {
    const known = values.slice(start, start + step).filter(Number.isFinite);
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    points.push([times[start] as number, mean]);
  }
  return points;
}

const round = (n: number): number => Math.round(n * 10) / 10;
