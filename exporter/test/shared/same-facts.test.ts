import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { endLeftovers, eventually, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { sample, sharedDays, sharedLines, startSharing } from './exporters.ts';
import { endRedisServers, type RedisServer, startCluster, startRedis } from './redis-servers.ts';

/** What the issue promises, milliseconds. */
const SOON = 5_000;
const directory = temporaryDirectory();

afterEach(endLeftovers);
afterAll(() => {
  endRedisServers();
  directory.remove();
});

describe.each([
  ['one Redis', async () => [await startRedis()]],
  ['a cluster of three', startCluster],
])('on %s', (_place, start: () => Promise<RedisServer[]>) => {
  let servers: RedisServer[];
  beforeAll(async () => {
    servers = await start();
  }, 60_000);

  test('last used, addresses, new addresses, surfaces, scopes and windows are the same on every exporter within 5 s', async () => {
    const urls = servers.map(({ url }) => url);
    const names = ['a', 'b', 'c'].map((name) => `${name}-${servers.length}`);
    const exporters = await Promise.all(names.map((name) => startSharing(directory.path, name, urls)));
    const [a, b] = exporters;
    for (let i = 0; i < 3; i++) {
      a.request({ ip: `192.0.2.${i}`, endpoint: '/v1/contacts/7' });
      b.request({ ip: `192.0.2.${i + 2}`, endpoint: '/v1/deals', method: 'POST' });
    }
    b.request({ status: 401, ip: '198.51.100.1' });
    const written = Date.now();
    await eventually(async () => {
      const all = await Promise.all(exporters.map((exporter) => exporter.metrics()));
      expect(sample(all[2], 'atender_key_unique_ips', 'key_test', 'window="1h"')).toBe(5);
      expect(sample(all[2], 'atender_key_requests_today', 'key_test')).toBe(6);
      expect(sample(all[2], 'atender_key_requests_last_minute', 'key_test')).toBe(6);
      expect(sample(all[2], 'atender_key_peak_requests_per_minute', 'key_test')).toBe(6);
      expect(sample(all[2], 'atender_key_scope_last_used_timestamp_seconds', 'contacts:read')).toBeDefined();
      expect(sample(all[2], 'atender_key_scope_last_used_timestamp_seconds', 'deals:write')).toBeDefined();
      expect(sample(all[2], 'atender_key_last_new_surface_timestamp_seconds', 'deals')).toBeDefined();
      expect(sample(all[0], 'atender_key_last_rejected_timestamp_seconds', 'key_test')).toBeDefined();
      expect(sharedLines(all[0]).length).toBeGreaterThan(10);
      expect(sharedLines(all[1])).toEqual(sharedLines(all[0]));
      expect(sharedLines(all[2])).toEqual(sharedLines(all[0]));
    }, SOON);
    expect(Date.now() - written).toBeLessThan(SOON);
    // The day over all of them is the same on each: by status, bytes, first and last, latency, addresses.
    await eventually(async () => {
      const [day, ...others] = await Promise.all(exporters.map((exporter) => sharedDays(exporter)));
      expect(day).toMatchObject([
        {
          ...{ requests: 7, unauthorized: 1, byStatus: { 200: 6, 401: 1 }, uniqueIps: { count: 5 } },
          scopes: [
            { scope: 'contacts:read', used: 3 },
            { scope: 'deals:write', used: 3 },
          ],
        },
      ]);
      // Each exporter numbers endpoints its own way.
      const endpoints = day[0].endpoints.map(({ method, endpoint }) => `${method} ${endpoint}`);
      expect(endpoints).toEqual(expect.arrayContaining(['GET /v1/contacts/:id', 'POST /v1/deals']));
      expect(others).toEqual([day, day]);
    }, SOON);
    expect(Date.now() - written).toBeLessThan(SOON);
    // The page knows the key too, also where only the others have met it.
    for (const exporter of exporters) {
      expect(await (await fetch(`${exporter.url}/`)).text()).toContain('key_test');
      expect((await fetch(`${exporter.url}/keys/key_test`)).status).toBe(200);
    }
    // Counters stay each exporter's own, so that their sum is what was written.
    const all = await Promise.all(exporters.map((exporter) => exporter.metrics()));
    const counted = all.map((text) => sumOf(text, 'atender_requests_total', 'key_id="key_test"'));
    expect(counted).toEqual([3, 4, 0]);
    for (const exporter of exporters) expect(exporter.output()).not.toMatch(/CROSSSLOT|shared facts:/);
  }, 60_000);
});
