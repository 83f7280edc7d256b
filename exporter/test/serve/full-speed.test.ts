import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { endLeftovers, eventually, startExporter, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

afterEach(endLeftovers);

test('health and every scrape are answered while a backlog is read at full speed', async () => {
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
  /** Prometheus gives up on a scrape after 10 s by default. */
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(exporter.url + path, { signal: AbortSignal.timeout(10_000) });
    return { status: answer.status, text: await answer.text() };
  };
  await eventually(() => get('/-/healthy'));
  // Lines read, as of each scrape.
  const seen: number[] = [0];
  let roundsBeforeReady = 0;
  const deadline = Date.now() + 60_000;
  while (seen.at(-1)! < 1_000_000 && Date.now() < deadline) {
    expect(await get('/-/healthy')).toEqual({ status: 200, text: 'OK\n' });
    const ready = await get('/-/ready');
    const scrape = await get('/metrics');
    expect(scrape.status).toBe(200);
    seen.push(sumOf(scrape.text, 'atender_exporter_lines_total'));
    if (ready.status === 200) expect(seen.at(-1)).toBe(1_000_000);
    else roundsBeforeReady++;
  }
  expect(seen.at(-1)).toBe(1_000_000);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  // Responses do not wait until the backlog is read.
  expect(roundsBeforeReady).toBeGreaterThan(2);
  expect(await exporter.end('SIGTERM')).toBe(0);
  directory.remove();
}, 90_000);
