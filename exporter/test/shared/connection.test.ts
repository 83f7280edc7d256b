import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { endLeftovers, eventually, freePort, runCommand, temporaryDirectory } from '../exporter-process.ts';
import { sample, startSharing } from './exporters.ts';
import { endRedisServers, startCluster, startRedis } from './redis-servers.ts';

const PASSWORD = 'not-to-be-seen-anywhere';
const directory = temporaryDirectory();
afterEach(() => {
  endLeftovers();
  endRedisServers();
});
afterAll(() => directory.remove());

/** What docs/scale.md says that the ACL user needs. */
const RIGHTS = /^ {4}(\+@read .*)$/m
  .exec(readFileSync(new URL('../../../docs/scale.md', import.meta.url), 'utf8'))![1]
  .split(' ');

/** A certificate that is its own authority, and its key, for one name. */
function certificateFor(name: string): { cert: string; key: string } {
  const [cert, key] = ['cert', 'key'].map((part) => join(directory.path, `${part}-${name}.pem`));
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=redis'],
      ...['-addext', `subjectAltName=${name}`],
    ],
    { stdio: 'ignore' },
  );
  return { cert, key };
}

function passwordFile(): string {
  const path = join(directory.path, 'password');
  writeFileSync(path, `${PASSWORD}\n`);
  return path;
}

test('TLS with client certificates, an ACL user that may do no more than docs/scale.md says, a prefix and a database', async () => {
  const { cert, key } = certificateFor('IP:127.0.0.1');
  const port = await freePort();
  const server = await startRedis({
    args: [
      ...['--tls-port', String(port), '--tls-cert-file', cert],
      ...['--tls-key-file', key, '--tls-ca-cert-file', cert],
    ],
  });
  const user = ['SETUSER', 'exporter', 'on', `>${PASSWORD}`, '~team7:*', ...RIGHTS];
  await server.client.call('ACL', ...user);
  const password = passwordFile();
  const args = [
    ...['--shared.redis.username', 'exporter', '--shared.redis.password-file', password],
    ...['--shared.redis.ca-file', cert, '--shared.redis.cert-file', cert],
    ...['--shared.redis.key-file', key, '--shared.redis.key-prefix', 'team7:'],
    ...['--shared.redis.database', '3', '--log.level', 'trace'],
  ];
  const url = [`rediss://127.0.0.1:${port}`];
  const a = await startSharing(directory.path, 'a', url, { args });
  const b = await startSharing(directory.path, 'b', url, { args });
  a.request();
  await eventually(async () =>
    expect(sample(await b.metrics(), 'atender_key_requests_today', 'key_test')).toBe(1),
  );
  expect(await server.client.keys('*')).toEqual([]);
  await server.client.select(3);
  expect((await server.client.keys('*')).every((key) => key.startsWith('team7:'))).toBe(true);

  const plain = await startSharing(directory.path, 'plain', [`redis://127.0.0.1:${port}`]);
  await eventually(() => expect(plain.output()).toMatch(/shared facts: .*if it speaks TLS, write rediss:/));

  await server.client.call('ACL', 'SETUSER', 'exporter', 'resetpass', '>another');
  await server.client.call('CLIENT', 'KILL', 'USER', 'exporter');
  await eventually(() => expect(a.output()).toMatch(/shared facts: WRONGPASS/));
  const forget = await runCommand(['shared', 'forget', 'b', '--shared.redis.url', url[0], ...args]);
  expect([forget.code, forget.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot be reached: WRONGPASS .*; see to the options of shared\.redis\n/),
  ]);
  expect(a.output() + b.output() + (await a.metrics())).not.toContain(PASSWORD);
}, 60_000);

test('a cluster over TLS whose certificates hold names, with no more than those rights', async () => {
  const { cert, key } = certificateFor('DNS:localhost');
  const ports = [await freePort(), await freePort(), await freePort()];
  const servers = await startCluster((node) => [
    ...['--tls-port', String(ports[node]), '--tls-cert-file', cert, '--tls-key-file', key],
    ...['--tls-ca-cert-file', cert, '--tls-cluster', 'yes', '--tls-auth-clients', 'no'],
    ...['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
  ]);
  const user = ['SETUSER', 'exporter', 'on', `>${PASSWORD}`, '~atender:*', ...RIGHTS];
  for (const { client } of servers) await client.call('ACL', ...user);
  const args = [
    ...['--shared.redis.username', 'exporter', '--shared.redis.password-file', passwordFile()],
    ...['--shared.redis.ca-file', cert],
  ];
  const urls = ports.map((port) => `rediss://localhost:${port}`);
  const a = await startSharing(directory.path, 'cluster-a', urls, { args });
  const b = await startSharing(directory.path, 'cluster-b', urls, { args });
  a.request();
  await eventually(async () =>
    expect(sample(await b.metrics(), 'atender_key_requests_today', 'key_test')).toBe(1),
  );
}, 60_000);

test('a database, authority or address that is not there is told, and nothing is written elsewhere', async () => {
  const server = await startRedis();
  await server.client.call('ACL', 'SETUSER', 'reader', 'on', `>${PASSWORD}`, '~*', '+@read', '+@connection');
  const password = join(directory.path, 'reader');
  writeFileSync(password, PASSWORD);
  const told = async (name: string, url: string, args: string[], why: RegExp) => {
    const exporter = await startSharing(directory.path, name, [url], { args });
    exporter.request();
    await eventually(() => expect(exporter.output()).toMatch(why));
    expect(await exporter.metrics()).toMatch(/^atender_exporter_shared_up 0$/m);
    expect(exporter.output()).not.toContain(PASSWORD);
  };
  await told(
    'db',
    server.url,
    ['--shared.redis.database', '99'],
    /database 99: ERR DB index is out of range/,
  );
  const reader = ['--shared.redis.username', 'reader', '--shared.redis.password-file', password];
  await told('few', server.url, reader, /shared facts: NOPERM .*give the user of Redis the rights/);
  await server.client.call('ACL', 'SETUSER', 'elsewhere', 'on', `>${PASSWORD}`, '~other:*', '+@all');
  const elsewhere = ['--shared.redis.username', 'elsewhere', '--shared.redis.password-file', password];
  await told('elsewhere', server.url, elsewhere, /shared facts: NOPERM/);
  const encrypted = server.url.replace('redis:', 'rediss:');
  await told('encrypted', encrypted, [], /shared facts: .*if it does not speak TLS, write redis:/);
  await told('alone', server.url, ['--shared.redis.mode', 'cluster'], /cluster support disabled/);
  await told('nowhere', 'redis://nowhere.invalid:6379', [], /ENOTFOUND nowhere\.invalid|EAI_AGAIN/);
  expect(await server.client.keys('*')).toEqual([]);
}, 60_000);

test('why a cluster cannot be shared through is told with the remedy: a right that is missing, slots that nobody serves', async () => {
  const port = await freePort();
  const cluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
  const { client, url } = await startRedis({ port, args: cluster });
  const args = ['--shared.redis.mode', 'cluster'];
  const down = await startSharing(directory.path, 'down', [url], { args });
  await eventually(() =>
    expect(down.output()).toMatch(/shared facts: no answer, or no node that serves slots/),
  );
  await client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_382);
  await eventually(() => expect(down.output()).toMatch(/shared facts: CLUSTERDOWN/));
  await client.call('CLUSTER', 'ADDSLOTS', 16_383);
  await eventually(async () => expect(await down.metrics()).toMatch(/^atender_exporter_shared_up 1$/m));
  for (const [name, right] of [
    ['slots', '+cluster|slots'],
    ['time', '+time'],
  ]) {
    const rights = RIGHTS.filter((other) => other !== right);
    await client.call('ACL', 'SETUSER', name, 'on', `>${PASSWORD}`, '~atender:*', ...rights);
    const user = ['--shared.redis.username', name, '--shared.redis.password-file', passwordFile()];
    const lacking = await startSharing(directory.path, name, [url], { args: [...args, ...user] });
    await eventually(() =>
      expect(lacking.output()).toMatch(
        new RegExp(`shared facts: NOPERM .*'${right.slice(1)}'.*; give the user of Redis the rights`),
      ),
    );
  }
}, 60_000);

test('what cannot work is refused with the option and the remedy, and without the credentials', async () => {
  const check = async (...args: string[]) => {
    const { code, stderr } = await runCommand(['check-config', ...args]);
    expect(code).toBe(1);
    return stderr;
  };
  expect(await check('--shared.redis.url', 'localhost')).toMatch(
    /shared\.redis\.url: address 1 is not of the form redis:\/\/host:port/,
  );
  const withPassword = await check('--shared.redis.url', `redis://user:${PASSWORD}@localhost:6379`);
  expect(withPassword).toMatch(/holds credentials; use shared\.redis\.username and .*passwordFile/);
  expect(withPassword).not.toContain(PASSWORD);
  const two = ['--shared.redis.url', 'redis://a:1', '--shared.redis.url', 'redis://b:1'];
  expect(await check(...two)).toMatch(/several addresses are for a cluster; set shared\.redis\.mode/);
  expect(await check(...two, '--shared.redis.mode', 'cluster', '--shared.redis.database', '2')).toMatch(
    /shared\.redis\.database: a cluster has database 0 only/,
  );
  expect(
    await check('--shared.redis.url', 'redis://a:1', '--shared.redis.password-file', '/nowhere'),
  ).toMatch(/shared\.redis\.passwordFile: \/nowhere cannot be read \(ENOENT\)/);
  expect(await check('--shared.redis.url', 'redis://a:1/3')).toMatch(
    /address 1 holds more than host and port; use shared\.redis\.database/,
  );
  expect(await check('--shared.redis.url', 'REDISS://a:1')).toMatch(/is not of the form .* rediss:\/\//);
  const authority = ['--shared.redis.ca-file', '/dev/null'];
  expect(await check('--shared.redis.url', 'redis://a:1', ...authority)).toMatch(
    /certificates are for TLS; write rediss:\/\//,
  );
  expect(await check('--shared.redis.url', 'rediss://a:1', '--shared.redis.cert-file', '/dev/null')).toMatch(
    /needs its key; set shared\.redis\.keyFile/,
  );
  expect(await check('--shared.redis.key-prefix', 'a{b}')).toMatch(/may hold no braces/);
  expect(await check('--instance.id', 'a b')).toMatch(/instance\.id.*may hold letters/);
}, 60_000);
