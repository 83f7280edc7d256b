import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { OPEN_WEB, parseWebConfig, type WebConfig } from '../../src/config/web-config-file.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { startServer, stopServers } from './web-server.ts';

let directory: ReturnType<typeof temporaryDirectory>;
const at = (name: string): string => join(directory.path, name);
const openssl = (...args: string[]): void => {
  execFileSync('openssl', args, { stdio: 'ignore', cwd: directory.path });
};

beforeAll(() => {
  directory = temporaryDirectory();
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const name of ['first', 'second'])
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=ca');
  openssl('req', ...key, '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/CN=prometheus');
  openssl(
    'x509',
    '-req',
    '-in',
    'client.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'client.crt',
    '-days',
    '2',
  );
});
afterEach(stopServers);
afterAll(() => directory.remove());

/** The web configuration of a file with these lines under tls_server_config. */
function configured(...lines: string[]): WebConfig {
  const text = [
    'tls_server_config:',
    '  cert_file: server.crt',
    '  key_file: server.key',
    ...lines.map((line) => `  ${line}`),
  ];
  const { web, problems } = parseWebConfig(at('web.yml'), text.join('\n'));
  expect(problems).toEqual([]);
  return web;
}
const certificate = (name: string): void => {
  copyFileSync(at(`${name}.crt`), at('server.crt'));
  copyFileSync(at(`${name}.key`), at('server.key'));
};

const shown = (name: string) => ({
  cert: readFileSync(at(`${name}.crt`)),
  key: readFileSync(at(`${name}.key`)),
});
const own = () => shown('client');
const foreign = () => shown('second');

async function get(port: number, options: RequestOptions = {}) {
  const asked = request({
    host: '127.0.0.1',
    port,
    path: '/metrics',
    agent: false,
    rejectUnauthorized: false,
    ...options,
  });
  asked.end();
  const [answer] = await once(asked, 'response');
  const { subject } = (answer.socket as TLSSocket).getPeerCertificate();
  const protocol = (answer.socket as TLSSocket).getProtocol();
  answer.resume();
  return { status: answer.statusCode, subject: subject.CN, protocol };
}

test('a reload reads certificate and key anew; the listener and its connections stay', async () => {
  certificate('first');
  const web = configured();
  const { port, server } = await startServer({ web });
  expect(await get(port)).toEqual({ status: 200, subject: 'first', protocol: 'TLSv1.3' });
  certificate('second');
  expect((await get(port)).subject).toBe('first');
  const { problems, apply } = await server.prepare(web, []);
  expect(problems).toEqual([]);
  apply();
  expect((await get(port)).subject).toBe('second');
});

test('files that cannot be used are named, at start and at a reload, and change nothing', async () => {
  certificate('first');
  const web = configured();
  const { port, server } = await startServer({ web });
  copyFileSync(at('second.key'), at('server.key'));
  expect((await server.prepare(web, [])).problems).toEqual([expect.stringMatching(/server\.key.*mismatch/)]);
  writeFileSync(at('server.crt'), 'nonsense');
  expect((await server.prepare(web, [])).problems).toEqual([expect.stringContaining('server.crt')]);
  expect(await get(port)).toMatchObject({ status: 200, subject: 'first' });
  const missing = { ...web, tls: { ...web.tls!, certFile: at('absent.crt') } };
  await expect(startServer({ web: missing })).rejects.toThrow(/absent\.crt: cannot be read \(ENOENT\)/);
});

test('min_version holds', async () => {
  certificate('first');
  const { port } = await startServer({ web: configured('min_version: TLS13') });
  await expect(get(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
  expect((await get(port)).protocol).toBe('TLSv1.3');
});

test('cipher suites go by the names of the shared format; unknown ones are an error', async () => {
  certificate('first');
  const suite = 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384';
  const lines = ['max_version: TLS12', `cipher_suites: [${suite}]`];
  const { port } = await startServer({ web: configured(...lines) });
  expect((await get(port, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).protocol).toBe('TLSv1.2');
  await expect(get(port, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).rejects.toThrow();
  await expect(startServer({ web: configured('cipher_suites: [TLS_FANCY]') })).rejects.toThrow(/TLS_FANCY/);
});

test('required client certificates are verified, and are credentials beyond loopback', async () => {
  certificate('first');
  const web = configured('client_auth_type: RequireAndVerifyClientCert', 'client_ca_file: ca.crt');
  const { port } = await startServer({ web, listenAddress: '0.0.0.0:0' });
  expect((await get(port, { path: '/', ...own() })).status).toBe(200);
  await expect(get(port)).rejects.toThrow();
  await expect(get(port, foreign())).rejects.toThrow();
});

test('a client certificate that is only asked for is no credential', async () => {
  certificate('first');
  const web = configured('client_auth_type: RequestClientCert', 'client_ca_file: ca.crt');
  const { port } = await startServer({ web, listenAddress: '0.0.0.0:0' });
  expect([(await get(port)).status, (await get(port, { path: '/' })).status]).toEqual([200, 403]);
});

test('a certificate that is required but not verified may be anybody’s; without one nothing is answered', async () => {
  certificate('first');
  const { port } = await startServer({ web: configured('client_auth_type: RequireAnyClientCert') });
  expect((await get(port, foreign())).status).toBe(200);
  await expect(get(port)).rejects.toThrow();
});

test('a certificate that is verified if given: none is fine, one of the CA is, a foreign one is not', async () => {
  certificate('first');
  const web = configured('client_auth_type: VerifyClientCertIfGiven', 'client_ca_file: ca.crt');
  const { port } = await startServer({ web, listenAddress: '0.0.0.0:0' });
  expect((await get(port)).status).toBe(200);
  expect((await get(port, own())).status).toBe(200);
  await expect(get(port, foreign())).rejects.toThrow();
  // Nobody is made to show one, so it lets nobody in beyond loopback.
  expect((await get(port, { path: '/', ...own() })).status).toBe(403);
});

test('curves are those of the file', async () => {
  certificate('first');
  const { port } = await startServer({ web: configured('curve_preferences: [CurveP521]') });
  await expect(get(port, { ecdhCurve: 'X25519' })).rejects.toThrow();
  expect((await get(port, { ecdhCurve: 'P-521' })).status).toBe(200);
});

test('switching TLS or the kind of client certificate at a reload is refused with what to do', async () => {
  certificate('first');
  const { server } = await startServer({ web: configured() });
  const open = OPEN_WEB;
  expect((await server.prepare(open, [])).problems).toEqual([expect.stringContaining('restart')]);
  const stricter = configured('client_auth_type: RequireAndVerifyClientCert', 'client_ca_file: ca.crt');
  expect((await server.prepare(stricter, [])).problems).toEqual([expect.stringContaining('restart')]);
});

test('an address that is taken is a message for people', async () => {
  const { port } = await startServer();
  await expect(startServer({ listenAddress: `127.0.0.1:${port}` })).rejects.toThrow(
    /in use by another process/,
  );
});
