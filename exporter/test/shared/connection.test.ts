import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { endLeftovers, eventually, freePort, runCommand, temporaryDirectory } from '../exporter-process.ts';
import { sample, startSharing } from './exporters.ts';
import { endRedisServers, startRedis } from './redis-servers.ts';

const PASSWORD = 'not-to-be-seen-anywhere';
const directory = temporaryDirectory();
afterEach(() => {
  endLeftovers();
  endRedisServers();
});
afterAll(() => directory.remove());

test('TLS with client certificates, an ACL user that may do no more than docs/scale.md says, a prefix and a database', async () => {
  const path = (name: string) => join(directory.path, name);
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', path('key.pem'), '-out', path('cert.pem'), '-days', '2', '-subj', '/CN=redis'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  const port = await freePort();
  const server = await startRedis({
    args: [
      ...['--tls-port', String(port), '--tls-cert-file', path('cert.pem')],
      ...['--tls-key-file', path('key.pem'), '--tls-ca-cert-file', path('cert.pem')],
    ],
  });
  const rights =
    '+@read +@write +@scripting +@connection -@dangerous +time +info +cluster|slots +cluster|shards';
  await server.client.call(
    'ACL',
    'SETUSER',
    'exporter',
    'on',
    `>${PASSWORD}`,
    '~team7:*',
    ...rights.split(' '),
  );
  writeFileSync(path('password'), `${PASSWORD}\n`);
  const args = [
    ...['--shared.redis.username', 'exporter', '--shared.redis.password-file', path('password')],
    ...['--shared.redis.ca-file', path('cert.pem'), '--shared.redis.cert-file', path('cert.pem')],
    ...['--shared.redis.key-file', path('key.pem'), '--shared.redis.key-prefix', 'team7:'],
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
  expect(a.output() + b.output() + (await a.metrics())).not.toContain(PASSWORD);
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
  await told('few', server.url, reader, /shared facts: NOPERM/);
  await server.client.call('ACL', 'SETUSER', 'elsewhere', 'on', `>${PASSWORD}`, '~other:*', '+@all');
  const elsewhere = ['--shared.redis.username', 'elsewhere', '--shared.redis.password-file', password];
  await told('elsewhere', server.url, elsewhere, /shared facts: NOPERM/);
  const encrypted = server.url.replace('redis:', 'rediss:');
  await told('encrypted', encrypted, [], /shared facts: .*if it does not speak TLS, write redis:/);
  await told('alone', server.url, ['--shared.redis.mode', 'cluster'], /cluster support disabled/);
  await told('nowhere', 'redis://nowhere.invalid:6379', [], /ENOTFOUND nowhere\.invalid|EAI_AGAIN/);
  expect(await server.client.keys('*')).toEqual([]);
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
  expect(await check('--shared.redis.key-prefix', 'a{b}')).toMatch(/may hold no braces/);
  expect(await check('--instance.id', 'a b')).toMatch(/instance\.id.*may hold letters/);
}, 60_000);
