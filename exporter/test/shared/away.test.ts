import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { endLeftovers, eventually, freePort, runCommand, temporaryDirectory } from '../exporter-process.ts';
import { agree, HEALED, pairOn, type SharingExporter, sample, startSharing } from './exporters.ts';
import { endRedisServers, startCluster, startRedis } from './redis-servers.ts';

let directory = temporaryDirectory();

afterEach(() => {
  endLeftovers();
  endRedisServers();
  directory.remove();
  directory = temporaryDirectory();
});

const today = async (exporter: SharingExporter) =>
  sample(await exporter.metrics(), 'atender_key_requests_today', 'key_test');
const up = async (exporter: SharingExporter) =>
  Number(/^atender_exporter_shared_up (\d)$/m.exec(await exporter.metrics())?.[1]);
const readyText = async (exporter: SharingExporter) => {
  const answer = await fetch(`${exporter.url}/-/ready`);
  return `${answer.status} ${await answer.text()}`;
};

/** While Redis is not to be had, counting goes on and each exporter shows its own; afterwards all is right again. */
async function survives(
  [a, b]: [SharingExporter, SharingExporter],
  stop: () => unknown,
  start: () => unknown,
): Promise<void> {
  await stop();
  a.request({ ip: '192.0.2.50' });
  await eventually(async () => {
    expect(await up(a)).toBe(0);
    expect(await today(a)).toBe(5);
    expect(await up(b)).toBe(0);
    expect(await today(b)).toBe(3);
  }, HEALED);
  expect(await readyText(a)).toBe('200 OK\nShared facts: Redis is away; this exporter shows its own.\n');
  expect(await a.metrics()).toMatch(/^atender_exporter_shared_errors_total [1-9]/m);
  expect((await fetch(`${a.url}/api/v1/shared/key_nobody`)).status).toBe(503);
  b.request({ ip: '192.0.2.51' });
  await start();
  await agree([a, b], 9, 7);
  expect(await up(a)).toBe(1);
  expect(await readyText(a)).toBe('200 OK\nShared facts: up.\n');
}

describe('reading and counting go on, local facts are shown, and all heals by itself when Redis', () => {
  test('is killed and comes back empty', async () => {
    const server = await startRedis();
    const exporters = await pairOn(directory.path, [server]);
    await survives(
      exporters,
      () => server.kill(),
      () => startRedis({ port: server.port }),
    );
  }, 60_000);

  test('stops answering and goes on', async () => {
    const server = await startRedis();
    const exporters = await pairOn(directory.path, [server]);
    await survives(
      exporters,
      () => server.signal('SIGSTOP'),
      () => server.signal('SIGCONT'),
    );
  }, 60_000);

  test('is out of memory', async () => {
    const server = await startRedis();
    const exporters = await pairOn(directory.path, [server]);
    const { client } = server;
    await survives(
      exporters,
      () => client.config('SET', 'maxmemory', '1'),
      () => client.config('SET', 'maxmemory', '0'),
    );
    expect(exporters[0].output()).toMatch(/shared facts: OOM/);
  }, 60_000);

  test('is read-only', async () => {
    const server = await startRedis();
    const exporters = await pairOn(directory.path, [server]);
    const nobody = await freePort();
    await survives(
      exporters,
      () => server.client.call('REPLICAOF', '127.0.0.1', nobody),
      () => server.client.call('REPLICAOF', 'NO', 'ONE'),
    );
    expect(exporters[0].output()).toMatch(/shared facts: READONLY/);
  }, 60_000);

  test('is a cluster that loses a node', async () => {
    const servers = await startCluster();
    const exporters = await pairOn(directory.path, servers);
    await survives(
      exporters,
      () => servers[1].signal('SIGSTOP'),
      () => servers[1].signal('SIGCONT'),
    );
  }, 60_000);

  test('is away at start', async () => {
    const port = await freePort();
    const a = await startSharing(directory.path, 'a', [`redis://127.0.0.1:${port}`]);
    a.request();
    await eventually(async () => {
      expect(await up(a)).toBe(0);
      expect(await today(a)).toBe(1);
    });
    const server = await startRedis({ port });
    const b = await startSharing(directory.path, 'b', [server.url]);
    await agree([a, b], 1, 1);
  }, 60_000);
});

test('an exporter that may not have its store or its address ends, and shares nothing before', async () => {
  const server = await startRedis();
  const a = await startSharing(directory.path, 'a', [server.url]);
  const again = (store: string, address: string, url: string) =>
    runCommand([
      ...['serve', '--log.path', a.log, '--store.path', join(directory.path, store)],
      ...['--instance.id', 'again', '--shared.redis.url', url, '--web.listen-address', address],
    ]);
  const nobody = `redis://127.0.0.1:${await freePort()}`;
  for (const url of [server.url, nobody]) {
    const refused = await again('a.db', '127.0.0.1:0', url);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('another exporter is using')]);
    const taken = await again('again.db', new URL(a.url).host, url);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('cannot listen on')]);
  }
  expect(await server.client.zrange('atender:1:instances', '0', '-1')).toEqual(['a']);
}, 60_000);
