import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startExporter, sumOf } from '../../test/exporter-process.ts';
import { requestLine } from '../../test/log-lines.ts';
import { processorShare } from '../harness/exporter.ts';
import { whole } from '../harness/statistics.ts';
import { benchLine } from '../log-file.ts';
import { type EndToEndRun, shapeOf } from './options.ts';

/** Processor time at a steady load, and how long a line takes until /metrics shows it. */
export async function steady(run: EndToEndRun): Promise<void> {
  const { lines, rate, seconds } = run.options;
  const log = join(run.work, 'steady.log');
  writeFileSync(log, '');
  const exporter = await startExporter([
    ...['--log.path', log, '--store.path', join(run.work, 'steady.db'), '--log.level', 'warn'],
    ...['--metrics.zero-hold', '0s'],
  ]);
  await exporter.ready();
  const shape = shapeOf(lines);
  const started = performance.now();
  let line = 0;
  const writer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) / 1000) * rate);
    let text = '';
    for (; line < due; line++) text += benchLine(line, shape, Date.now());
    appendFileSync(log, text);
  }, 100);
  await wait((seconds * 1_000) / 2);
  const used = await processorShare(exporter.pid, seconds);
  const delays: number[] = [];
  for (let probe = 1; probe <= 8; probe++) {
    const written = performance.now();
    appendFileSync(log, requestLine({ keyId: 'key_probe' }));
    while (sumOf(await exporter.metrics(), 'atender_requests_total', 'key_id="key_probe"') < probe) {
      if (performance.now() - written > 10_000) throw new Error('the probe line did not appear within 10 s');
      await wait(20);
    }
    delays.push((performance.now() - written) / 1000);
  }
  clearInterval(writer);
  await exporter.end('SIGTERM');
  run.keep('steady', { used, delays });
  run.figure(`at ${whole(rate)} lines a second`, `${(used * 100).toFixed(2)} % of a core`, '≤ 5 %');
  run.figure('a line is in /metrics after at most', `${Math.max(...delays).toFixed(2)} s`, '≤ 1 s');
}
