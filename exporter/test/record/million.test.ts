import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { BYTES_PER_LINE, benchLog } from '../../bench/log-file.ts';
import { readManifest } from '../../src/record/manifest.ts';
import { endLeftovers, eventually, startExporter, temporaryDirectory } from '../exporter-process.ts';
import { ask, filesOf } from './duckdb-of.ts';

const LINES = 1_000_000;

afterEach(endLeftovers);

test('of a million lines, requests, their statuses and their response times by key and address are in the archive as in the log, in at most 20 bytes each', async () => {
  const directory = temporaryDirectory();
  const log = benchLog(directory.path, { lines: LINES, keys: 50, endpointsPerKey: 10, ipsPerKey: 5 });
  const root = join(directory.path, 'record');
  const args = ['--log.path', log, '--store.path', join(directory.path, 'a.db'), '--record.archive', 'on'];
  const exporter = await startExporter([...args, '--record.path', root, '--record.seal-every', '1s']);
  const files = () => [...readManifest(root).files.values()];
  await eventually(() => expect(files().reduce((sum, { rows }) => sum + rows, 0)).toBe(LINES), 60_000);
  expect(files().reduce((sum, { bytes }) => sum + bytes, 0) / LINES).toBeLessThanOrEqual(20);
  const found = await ask(
    `SELECT key_id || ' ' || ip || ' ' || status, count(*)::DOUBLE, sum(duration_ms) FROM ${filesOf(root)} GROUP BY 1 ORDER BY 1`,
  );
  expect(found).toEqual(countedIn(readFileSync(log)));
  await exporter.end('SIGTERM');
  directory.remove();
});

/** The same figures from the text of the lines alone. */
function countedIn(text: Buffer): [string, number, number][] {
  const counts = new Map<string, [number, number]>();
  const line = /"keyId":"([^"]+)".*"status":(\d+),"ip":"([^"]+)","durationMs":(\d+)/;
  for (let at = 0; at < text.length; at += BYTES_PER_LINE) {
    const [, key, status, ip, duration] = line.exec(text.toString('latin1', at, at + BYTES_PER_LINE)) ?? [];
    const name = `${key} ${ip} ${status}`;
    const [requests, ms] = counts.get(name) ?? [0, 0];
    counts.set(name, [requests + 1, ms + Number(duration)]);
  }
  return [...counts]
    .map(([name, [requests, ms]]): [string, number, number] => [name, requests, ms])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
