import { afterEach, describe, expect, test } from '@jest/globals';
import { endLeftovers, eventually, temporaryDirectory } from '../exporter-process.ts';
import {
  agree,
  HEALED,
  pairOn,
  type SharingExporter,
  sample,
  sharedDays,
  startSharing,
} from './exporters.ts';
import { endRedisServers, startCluster, startRedis, startReplicas } from './redis-servers.ts';

let directory = temporaryDirectory();

afterEach(() => {
  endLeftovers();
  endRedisServers();
  directory.remove();
  directory = temporaryDirectory();
});

describe('every shared fact is right again and nothing is counted twice after', () => {
  test('FLUSHALL in the middle of a run', async () => {
    const server = await startRedis();
    const exporters = await pairOn(directory.path, [server]);
    await server.client.flushall();
    // Nothing is written any more: what was lost comes from the stores.
    await eventually(async () => expect(await server.client.keys('*ips*')).toHaveLength(1), HEALED);
    await agree(exporters, 7, 5);
    const late = await startSharing(directory.path, 'late', [server.url]);
    await agree([exporters[0], late], 7, 5);
  }, 60_000);

  test('FLUSHALL of the nodes of a cluster', async () => {
    const servers = await startCluster();
    const exporters = await pairOn(directory.path, servers);
    for (const server of servers) await server.client.flushall();
    const late = await startSharing(
      directory.path,
      'late',
      servers.map(({ url }) => url),
    );
    await agree([exporters[0], late], 7, 5);
    for (const exporter of [...exporters, late]) expect(exporter.output()).not.toMatch(/CROSSSLOT/);
  }, 60_000);

  test('kill -9 of an exporter, before it counts a line, before it publishes it and after, which then publishes everything again', async () => {
    const server = await startRedis();
    const [a, b] = await pairOn(directory.path, [server]);
    const shows = (exporter: SharingExporter, requests: number) =>
      eventually(async () =>
        expect(sample(await exporter.metrics(), 'atender_key_requests_today', 'key_test')).toBe(requests),
      );
    const moments = [() => {}, () => shows(a, 9), () => shows(b, 10)];
    for (const [kill, moment] of moments.entries()) {
      a.request({ ip: `192.0.2.${100 + kill}` });
      await moment();
      await a.end('SIGKILL');
      const again = await startSharing(directory.path, 'a', [server.url]);
      Object.assign(a, again);
    }
    await agree([a, b], 10, 8);
  }, 60_000);

  test('a fail-over that lost the tail', async () => {
    const master = await startRedis();
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    const [a, b] = await pairOn(directory.path, [master]);
    await eventually(async () => expect(await replica.client.keys('*ips*')).toHaveLength(1));
    replica.signal('SIGSTOP');
    a.request({ ip: '192.0.2.60' });
    b.request({ ip: '192.0.2.61' });
    await agree([a, b], 9, 7);
    // Nothing moves any more: only looking for it shows that the tail is gone.
    await master.kill();
    replica.signal('SIGCONT');
    await eventually(() => replica.client.call('REPLICAOF', 'NO', 'ONE'));
    const after = await startRedis({
      port: master.port,
      args: ['--replicaof', '127.0.0.1', String(replica.port)],
    });
    await eventually(async () =>
      expect(await after.client.call('INFO', 'replication')).toMatch(/master_link_status:up/),
    );
    await after.client.call('REPLICAOF', 'NO', 'ONE');
    await agree([a, b], 9, 7);
    const late = await startSharing(directory.path, 'late', [after.url]);
    await agree([a, late], 9, 7);
  }, 60_000);

  test('a master of a cluster dies and its replica takes over without the last writes', async () => {
    const masters = await startCluster();
    const replicas = await startReplicas(masters);
    const exporters = await pairOn(directory.path, masters);
    const counts = await Promise.all(masters.map(({ client }) => client.keys('*ips:/key_test')));
    const at = counts.findIndex((keys) => keys.length > 0);
    await eventually(async () =>
      expect(await replicas[at].client.call('KEYS', '*ips:/key_test')).toHaveLength(1),
    );
    replicas[at].signal('SIGSTOP');
    for (const [i, exporter] of exporters.entries()) exporter.request({ ip: `192.0.2.${60 + i}` });
    await agree(exporters, 9, 7);
    await masters[at].kill();
    replicas[at].signal('SIGCONT');
    await eventually(
      async () => expect(await replicas[at].client.call('INFO', 'replication')).toMatch(/role:master/),
      20_000,
    );
    const [ips] = (await replicas[at].client.call('KEYS', '*ips:/key_test')) as string[];
    await eventually(async () => expect(await replicas[at].client.call('ZCARD', ips)).toBe(7), HEALED);
    await agree(exporters, 9, 7);
    const rest = masters.filter((_, i) => i !== at).map(({ url }) => url);
    const late = await startSharing(directory.path, 'late', [...rest, replicas[at].url]);
    await agree([exporters[0], late], 9, 7);
    for (const exporter of [...exporters, late]) expect(exporter.output()).not.toMatch(/CROSSSLOT/);
  }, 60_000);

  test('FLUSHALL, which takes daily aggregates with it too: those of days long past come back from the stores', async () => {
    const server = await startRedis();
    const [a, b] = await pairOn(directory.path, [server]);
    const date = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();
    a.request({ timestamp: date(9) });
    b.request({ timestamp: date(9) });
    b.request({ timestamp: date(4) });
    const days = [date(9), date(4), date(0)].map((at) => at.slice(0, 10));
    const whole = () =>
      eventually(async () => {
        const [onA, onB] = await Promise.all([a, b].map((exporter) => sharedDays(exporter)));
        expect(onA.map(({ day, requests }) => [day, requests])).toEqual(
          days.map((day, i) => [day, [2, 1, 7][i]]),
        );
        expect(onB).toEqual(onA);
      }, HEALED);
    await whole();
    await server.client.flushall();
    await whole();
    await agree([a, b], 7, 5);
  }, 60_000);
});
