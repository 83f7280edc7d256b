import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { endLeftovers, eventually, temporaryDirectory } from '../exporter-process.ts';
import { type Prometheus, startPrometheus } from '../prometheus.ts';
import { startSharing } from './exporters.ts';
import { endRedisServers, startRedis } from './redis-servers.ts';

const directory = temporaryDirectory();
let prometheus: Prometheus | undefined;
afterEach(async () => {
  await prometheus?.stop();
  endLeftovers();
  endRedisServers();
});
afterAll(() => directory.remove());

/** What docs/scale.md says for a fleet, and for a fleet with pairs. */
const FLEET = 'sum by (key_id) (atender_requests_total{key_id="key_test"})';
const PAIRS = 'sum by (key_id) (max without (instance) (atender_requests_total{key_id="key_test"}))';
const RATE =
  'sum by (key_id) (max without (instance) (increase(atender_requests_total{key_id="key_test"}[1m])))';

test('the counters of a fleet add up in Prometheus; a pair counts once and goes on when either of it is killed', async () => {
  const server = await startRedis();
  const log = join(directory.path, 'node-1.log');
  const start = (instance: string, store: string, more: { log?: string } = {}) =>
    startSharing(directory.path, instance, [server.url], { store, ...more });
  const left = await start('node-1', 'left', { log });
  const right = await start('node-1', 'right', { log });
  const other = await start('node-2', 'other');
  const target = (exporter: { url: string }, instance: string) =>
    `      - { targets: [${JSON.stringify(new URL(exporter.url).host)}], labels: { exporter: ${instance} } }`;
  prometheus = await startPrometheus(
    [
      'global: { scrape_interval: 500ms, scrape_timeout: 500ms }',
      'scrape_configs:',
      '  - job_name: atender-exporter',
      '    static_configs:',
      target(left, 'node-1'),
      target(right, 'node-1'),
      target(other, 'node-2'),
      '',
    ].join('\n'),
  );
  await eventually(async () => expect(await prometheus!.value('sum(up)')).toBe(3));
  for (let i = 0; i < 6; i++) left.request();
  for (let i = 0; i < 4; i++) other.request();
  await eventually(async () => {
    expect(await prometheus!.value(PAIRS)).toBe(10);
    // Without the pair's query its requests count twice.
    expect(await prometheus!.value(FLEET)).toBe(16);
  });
  await left.end('SIGKILL');
  for (let i = 0; i < 5; i++) right.request();
  await eventually(async () => expect(await prometheus!.value(PAIRS)).toBe(15));
  expect(await prometheus.value(RATE)).toBeLessThan(25);
  // Facts are alike on all, so `max` takes any of them.
  for (const aggregate of ['max', 'min'])
    await eventually(async () =>
      expect(await prometheus!.value(`${aggregate} by (key_id) (atender_key_requests_today)`)).toBe(15),
    );
}, 60_000);
