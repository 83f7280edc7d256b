import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startExporter } from '../../test/exporter-process.ts';
import { requestLine } from '../../test/log-lines.ts';
import { processorShare } from '../harness/exporter.ts';
import type { EndToEndRun } from './options.ts';

/** Processor time with 20 followed files and nothing to read. */
export async function idle(run: EndToEndRun): Promise<void> {
  const directory = join(run.work, 'idle');
  mkdirSync(directory);
  // Windows of younger requests slide for hours.
  const timestamp = new Date(Date.now() - 40 * 86_400_000).toISOString();
  for (let i = 0; i < 20; i++)
    writeFileSync(join(directory, `${i}.log`), requestLine({ keyId: `key_${i}`, timestamp }));
  const exporter = await startExporter([
    ...[
      '--log.path',
      join(directory, '*.log'),
      '--store.path',
      join(run.work, 'idle.db'),
      '--log.level',
      'warn',
    ],
  ]);
  await exporter.ready();
  // V8 collects the garbage of the start for half a minute, once.
  await wait(run.options.seconds * 2_000);
  const used = await processorShare(exporter.pid, run.options.seconds);
  await exporter.end('SIGTERM');
  run.keep('idle', used);
  run.figure('idle, 20 files followed', `${(used * 100).toFixed(2)} % of a core`, '< 0.5 %');
}
