import { number } from '../harness/options.ts';
import type { Run } from '../harness/suite.ts';
import type { LogShape } from '../log-file.ts';

/** The options of the suite. Every size follows from them. */
export const OPTIONS = {
  lines: number(2_000_000, 20_000, 'lines of the log; memory reads half as many more, load half of them'),
  series: number(100_000, 2_000, 'counter series of the exposition'),
  seconds: number(30, 3, 'how long idle and steady are measured'),
  rate: number(10_000, 1_000, 'lines a second of steady'),
};

export type EndToEndRun = Run<typeof OPTIONS>;

export const shapeOf = (lines: number): LogShape => ({
  lines,
  keys: 200,
  endpointsPerKey: 10,
  ipsPerKey: 20,
});

/** Request counter series in an exposition. */
export const counterSeries = (exposition: string): number =>
  exposition.split('\n').filter((line) => /^atender_(endpoint_)?requests_total\{/.test(line)).length;
