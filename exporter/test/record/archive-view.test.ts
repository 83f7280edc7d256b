import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { filesBetween, requestsOf } from '../../src/record/archive-view.ts';
import { followManifest } from '../../src/record/manifest.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { ask } from './duckdb-of.ts';
import { kept } from './spooling.ts';

const sealedRequests = (root: string, from: string, to: string): string =>
  requestsOf(root, filesBetween(followManifest(root), from, to));

let directory: { path: string; remove: () => void };
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory.remove());

test('sealed requests are those of the days asked for, with every column of the layout, whatever their class', async () => {
  const root = join(directory.path, "it's here");
  const full = {
    timestamp: '2026-03-09T23:59:59.999Z',
    keyId: 'key_a',
    tenantId: 'acme',
    method: 'POST',
    endpoint: '/v1/contacts/42?x=1',
    status: 201,
    ip: '2001:DB8:0::1',
    durationMs: 12.5,
    bytes: 5_000_000_000,
    userAgent: 'äöü/1.0',
    requestId: 'réq-1',
  };
  const bare = {
    timestamp: '2026-03-10T00:00:00Z',
    keyId: undefined,
    method: undefined,
    ip: undefined,
    durationMs: undefined,
  };
  await kept(root, Date.parse('2026-03-10T01:00:00Z'), [full, bare]);
  const [[ms, ...row]] = await ask(
    `SELECT epoch_ms(time)::DOUBLE, * EXCLUDE (time) FROM (${sealedRequests(root, '2026-03-09', '2026-03-09')})`,
  );
  expect(ms).toBe(Date.parse(full.timestamp));
  expect(row).toEqual([
    'key_a',
    'acme',
    'POST',
    '/v1/contacts/:id',
    201,
    '2001:db8::1',
    12.5,
    4_294_967_294,
    'äöü/1.0',
    'réq-1',
  ]);
  const [[, ...empty]] = await ask(sealedRequests(root, '2026-03-10', '2026-03-31'));
  expect(empty).toEqual(['__none__', '', '', '/v1/contacts', 200, null, null, null, null, null]);
  expect(await ask(sealedRequests(root, '2026-03-09', '2026-03-10'))).toHaveLength(2);
  expect(await ask(sealedRequests(root, '2026-04-01', '2026-04-30'))).toEqual([]);
  const types = (await ask(`DESCRIBE ${sealedRequests(root, '2026-03-09', '2026-03-09')}`)).map(
    ([name, type]) => `${name} ${type}`,
  );
  expect(types).toEqual(
    (await ask(`DESCRIBE ${sealedRequests(root, '1999-01-01', '1999-01-01')}`)).map(
      ([name, type]) => `${name} ${type}`,
    ),
  );
  expect(types[0]).toBe('time TIMESTAMP');
});
