import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endLeftovers, eventually, startExporter, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { encoded, secret } from '../parse/secret-samples.ts';

afterEach(endLeftovers);

test('no secret of a path reaches store, archive, metrics, log, page or API', async () => {
  const directory = temporaryDirectory();
  const under = (name: string) => join(directory.path, name);
  const secrets = fc.sample(fc.tuple(secret, fc.nat(2)), 300);
  const lines = secrets.flatMap(([text, times], i) => {
    const endpoint = `/v1/files/${encoded(text, times)}/view`;
    return [
      requestLine({ endpoint }),
      requestLine({ endpoint: `/v1/tokens/${encoded(text, times)}` }),
      // Rejected, so that it may be quoted.
      requestLine(
        [{ endpoint, status: 'x' }, { endpoint, timestamp: 'x' }, { endpoint: endpoint.slice(1) }][i % 3],
      ),
    ];
  });
  appendFileSync(under('requests.log'), lines.join(''));
  const exporter = await startExporter(
    [
      '--log.path',
      'requests.log',
      '--store.path',
      'a.db',
      '--record.archive',
      'on',
      '--record.path',
      'record',
    ].concat(['--metrics.zero-hold', '0s', '--endpoints', '/v1/tokens/{token}']),
    { cwd: directory.path },
  );
  await exporter.ready();
  const metrics = await eventually(async () => {
    const text = await exporter.metrics();
    expect(sumOf(text, 'atender_requests_total')).toBe(600);
    expect(sumOf(text, 'atender_exporter_lines_rejected_total')).toBe(300);
    return text;
  });
  expect(metrics).toContain('endpoint="/v1/files/:secret/view"');
  const pages = await Promise.all(
    ['/', '/keys/key_test', '/api/v1/keys', '/api/v1/keys/key_test'].map(async (path) =>
      (await fetch(exporter.url + path)).text(),
    ),
  );
  await exporter.end('SIGTERM');
  expect(exporter.output()).toContain('line rejected');
  const files = readdirSync(directory.path, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name !== 'requests.log' && statSync(under(name)).isFile(),
  );
  expect(files.filter((name) => /^a\.db|^record/.test(name)).length).toBeGreaterThan(1);
  const written = [
    metrics,
    exporter.output(),
    ...pages,
    ...files.map((name) => readFileSync(under(name), 'latin1')),
  ];
  for (const [text, times] of secrets)
    for (const out of written)
      if (out.includes(text) || out.includes(encoded(text, times))) throw new Error(text);
  directory.remove();
});
