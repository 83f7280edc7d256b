import { join } from 'node:path';
import { startExporter } from '../../test/exporter-process.ts';
import { catchUp } from '../harness/exporter.ts';
import { alternating } from '../harness/rounds.ts';
import { median, whole } from '../harness/statistics.ts';
import { benchLog } from '../log-file.ts';
import { counterSeries, type EndToEndRun } from './options.ts';

/** From the start of the process to its first scrape: what stored series add to that. */
export async function load(run: EndToEndRun): Promise<void> {
  const shape = { lines: run.options.lines / 2, keys: 1_000, endpointsPerKey: 15, ipsPerKey: 20 };
  const stored = ['--log.path', benchLog(run.inputs, shape), '--store.path', join(run.work, 'load.db')];
  const { exporter } = await catchUp(stored, shape.lines);
  const series = counterSeries(await exporter.metrics());
  await exporter.end('SIGTERM');
  const none = join(run.work, 'none.log');
  const seconds = await alternating(run.rounds, {
    empty: (round) => untilReady(['--log.path', none, '--store.path', join(run.work, `empty-${round}.db`)]),
    stored: () => untilReady(stored),
  });
  run.keep('load', { series, seconds });
  run.figure(
    `load at start, ${whole(series)} stored series`,
    `${(median(seconds.stored) - median(seconds.empty)).toFixed(2)} s`,
    '≤ 1 s',
  );
}

async function untilReady(args: string[]): Promise<number> {
  const started = performance.now();
  const exporter = await startExporter([...args, '--log.level', 'warn']);
  await exporter.ready();
  const seconds = (performance.now() - started) / 1000;
  await exporter.end('SIGTERM');
  return seconds;
}
