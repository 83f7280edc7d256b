import { join } from 'node:path';
import { catchUp } from '../harness/exporter.ts';
import { peakMemoryMiB } from '../harness/process.ts';
import { whole } from '../harness/statistics.ts';
import { benchLog } from '../log-file.ts';
import { counterSeries, type EndToEndRun } from './options.ts';

/** As in the image and in the systemd unit. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2', NODE_OPTIONS: '--max-semi-space-size=8' };

/** Peak memory with 1,000 keys, while a log is read and after a restart. */
export async function memory(run: EndToEndRun): Promise<void> {
  const shape = { lines: run.options.lines * 1.5, keys: 1_000, endpointsPerKey: 14, ipsPerKey: 1_000 };
  const args = ['--log.path', benchLog(run.inputs, shape), '--store.path', join(run.work, 'memory.db')];
  const peaks: number[] = [];
  let series = 0;
  for (const scrapes of [6, 1]) {
    const { exporter } = await catchUp(args, shape.lines, { env: ENVIRONMENT });
    for (let i = 0; i < scrapes; i++) series = counterSeries(await exporter.metrics());
    peaks.push(peakMemoryMiB(exporter.pid));
    await exporter.end('SIGTERM');
  }
  run.keep('memory', { series, peaks });
  const pairs = Math.min(shape.lines, shape.keys * shape.ipsPerKey);
  run.figure(
    `peak memory, 1,000 keys, ${whole(series)} counter series, ${pairs === 1e6 ? '1,000,000' : `up to ${whole(pairs)}`} key–IP pairs, MALLOC_ARENA_MAX=2`,
    `${Math.round(Math.max(...peaks))} MiB`,
    '≤ 350 MiB',
  );
}
