import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type ExporterProcess,
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

let directory: { path: string; remove: () => void };
let exporter: ExporterProcess;
let places: string[];

const PROBE = { keyId: undefined, method: undefined, endpoint: undefined, request: '-', status: 408 };

beforeAll(async () => {
  directory = temporaryDirectory();
  const under = (name: string) => join(directory.path, name);
  writeFileSync(
    under('requests.log'),
    requestLine({ status: 0 }) + requestLine({ status: '-' }) + requestLine() + requestLine(PROBE),
  );
  places = ['--record.path', under('record'), '--store.path', under('exporter.db')];
  const archive = ['--record.archive', 'on', '--record.seal-every', '1s'];
  exporter = await startExporter([...places, '--log.path', under('requests.log'), ...archive]);
  await exporter.ready();
  await eventually(() => expect(readFileSync(under('record/manifest.jsonl'), 'utf8')).not.toBe(''), 20_000);
});
afterAll(async () => {
  await exporter?.end('SIGTERM');
  endLeftovers();
  directory.remove();
});

test('a request without response has a status of its own in metrics, days and archive', async () => {
  const metrics = await (await fetch(`${exporter.url}/metrics`)).text();
  expect(metrics).toContain('atender_key_last_used_timestamp_seconds{key_id="key_test"}');
  expect(sumOf(metrics, 'atender_key_requests_today', 'key_id="key_test"')).toBe(3);
  const { stdout } = await runCommand(['usage', ...places, '--key', 'key_test', '--format', 'json']);
  expect(stdout).toMatch(/"byStatus": ?{\s*"0": ?2,\s*"200": ?1\s*}/);
  const found = await runCommand(['audit', 'search', ...places, '--status', '0', '--format', 'jsonl']);
  const rows = found.stdout
    .trim()
    .split('\n')
    .map((row) => JSON.parse(row));
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatchObject({ status: 0, endpoint: '/v1/contacts' });
});

test('a request without request line is in the archive as in the metrics', async () => {
  const found = await runCommand(['audit', 'search', ...places, '--status', '408', '--format', 'jsonl']);
  expect(JSON.parse(found.stdout)).toMatchObject({ endpoint: '__unmatched__', status: 408 });
});
