import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './pack.ts';

/** A series with a sample each `step` seconds: its value at a time, undefined where it has none. */
export interface PastSeries {
  name: string;
  labels: Record<string, string>;
  at(second: number): number | undefined;
}

/** Writes the series as blocks into a Prometheus data directory that nobody uses yet. Times in seconds. */
export function backfill(
  data: string,
  series: PastSeries[],
  { from, to, step }: { from: number; to: number; step: number },
): void {
  const families = new Map<string, PastSeries[]>();
  for (const one of series) families.set(one.name, [...(families.get(one.name) ?? []), one]);
  const lines: string[] = [];
  for (const [name, members] of families) {
    const counter = name.endsWith('_total');
    lines.push(`# TYPE ${counter ? name.replace(/_total$/, '') : name} ${counter ? 'counter' : 'gauge'}`);
    for (const { labels, at } of members) {
      const rendered = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
      for (let second = from; second <= to; second += step) {
        const value = at(second);
        if (value !== undefined) lines.push(`${name}{${rendered.join(',')}} ${value} ${second}`);
      }
    }
  }
  const file = join(data, '..', 'past.openmetrics');
  writeFileSync(file, `${lines.join('\n')}\n# EOF\n`);
  const { status, output } = run('promtool', [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    '--quiet',
    file,
    data,
  ]);
  if (status !== 0) throw new Error(output);
}
