import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { endLeftovers, startExporter, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

afterEach(endLeftovers);

test('scrapes and health are answered while a backlog is read at full speed', async () => {
  const directory = temporaryDirectory();
  const log = join(directory.path, 'requests.log');
  const block = Array.from({ length: 1_000 }, (_, i) =>
    requestLine({ keyId: `key_${i % 50}`, endpoint: `/v1/contacts/${i}` }),
  ).join('');
  for (let i = 0; i < 1_000; i++) appendFileSync(log, block);
  const exporter = await startExporter([
    '--log.path',
    log,
    '--store.path',
    join(directory.path, 'exporter.db'),
  ]);
  let answered = 0;
  let slowest = 0;
  let lines = 0;
  const deadline = Date.now() + 60_000;
  while (lines < 1_000_000 && Date.now() < deadline) {
    const asked = performance.now();
    const text = await exporter.metrics().catch(() => undefined);
    if (text === undefined) continue;
    slowest = Math.max(slowest, performance.now() - asked);
    answered++;
    lines = sumOf(text, 'atender_exporter_lines_total');
  }
  expect(lines).toBe(1_000_000);
  expect(answered).toBeGreaterThan(3);
  // Prometheus gives up after 10 s by default; a tenth of that leaves room for a busy machine.
  expect(slowest).toBeLessThan(1_000);
  await exporter.end('SIGTERM');
  directory.remove();
}, 90_000);
