import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hash } from '@node-rs/bcrypt';
import { OPEN_WEB } from '../../src/config/web-config-file.ts';
import { eventually } from '../exporter-process.ts';
import { ask, basic, startServer, stopServers } from './web-server.ts';

let users: Record<string, string>;
beforeAll(async () => {
  users = { prometheus: await hash('right', { cost: 4 }) };
});
afterEach(stopServers);

const EVERYTHING = [
  '/',
  '/keys/key_crm_sync?tenant=acme',
  '/metrics',
  '/page.css',
  '/api/v1/requests',
  '/nowhere',
];

describe('without credentials', () => {
  test('loopback answers everything', async () => {
    const server = await startServer();
    const statuses = await Promise.all(EVERYTHING.map(async (path) => (await ask(server, path)).status));
    expect(statuses).toEqual([200, 200, 200, 200, 404, 404]);
  });

  test('beyond loopback only /metrics and health answer; the rest says why and what to do', async () => {
    const reloads: string[] = [];
    const server = await startServer({
      listenAddress: '0.0.0.0:0',
      onReload: async () => {
        reloads.push('reloaded');
        return { ok: true, problems: [] };
      },
    });
    for (const path of ['/metrics', '/-/healthy', '/-/ready'])
      expect([path, (await ask(server, path)).status]).toEqual([path, 200]);
    for (const path of [
      '/',
      '/keys/key_crm_sync?tenant=acme',
      '/page.css',
      '/METRICS',
      '/api/v1/requests',
      '/nowhere',
    ]) {
      const { status, body } = await ask(server, path);
      expect([path, status]).toEqual([path, 403]);
      expect(body).toContain('no credentials configured');
      expect(body).toContain('--web.config.file');
      expect(body).not.toContain('CRM sync');
    }
    expect((await ask(server, '/-/reload', { method: 'POST' })).status).toBe(403);
    expect(reloads).toEqual([]);
  });
});

describe('with credentials', () => {
  test('everything but health needs them, wherever the server listens', async () => {
    for (const listenAddress of ['127.0.0.1:0', '0.0.0.0:0']) {
      const server = await startServer({ listenAddress, web: { ...OPEN_WEB, users } });
      for (const path of [...EVERYTHING, '/-/Healthy', '//-/healthy']) {
        const { status, headers, body } = await ask(server, path);
        expect([path, status]).toEqual([path, 401]);
        expect(headers['www-authenticate']).toMatch(/^Basic /);
        expect(body).toBe(
          path.startsWith('/api/') ? '{"error":"Credentials are needed."}' : 'Credentials are needed.\n',
        );
      }
      expect((await ask(server, '/-/reload', { method: 'POST' })).status).toBe(401);
      const authorized = { headers: { authorization: basic('prometheus', 'right') } };
      expect((await ask(server, '/', authorized)).body).toContain('CRM sync');
      expect((await ask(server, '/metrics', authorized)).body).toBe('up 1\n');
      expect((await ask(server, '/-/reload', { method: 'POST', ...authorized })).status).toBe(200);
      for (const path of ['/-/healthy', '/-/ready'])
        expect([path, await ask(server, path)]).toMatchObject([path, { status: 200, body: 'OK\n' }]);
    }
  });

  test('wrong, unknown, empty and malformed credentials are refused, and nobody logs them', async () => {
    const server = await startServer({ web: { ...OPEN_WEB, users } });
    const claims = [
      basic('prometheus', 'wrong-secret'),
      basic('nobody', 'right'),
      basic('', ''),
      basic('__proto__', 'right'),
      basic('prometheus', 'right\0'),
      'Basic %%%',
      'Bearer right',
    ];
    for (const authorization of claims)
      expect([authorization, (await ask(server, '/', { headers: { authorization } })).status]).toEqual([
        authorization,
        401,
      ]);
    expect(server.logged()).toContain('wrong credentials');
    expect(server.logged()).not.toContain('wrong-secret');
  });

  test('a reload replaces users at once, and one with problems changes nothing', async () => {
    const server = await startServer({ web: { ...OPEN_WEB, users } });
    const status = async (user: string, password: string) =>
      (await ask(server, '/', { headers: { authorization: basic(user, password) } })).status;
    expect(await status('prometheus', 'right')).toBe(200);
    const next = { ...OPEN_WEB, users: { prometheus: await hash('changed', { cost: 4 }) } };
    const prepared = await server.server.prepare(next, []);
    expect(prepared.problems).toEqual([]);
    expect(await status('prometheus', 'right')).toBe(200);
    prepared.apply();
    expect([await status('prometheus', 'right'), await status('prometheus', 'changed')]).toEqual([401, 200]);
  });
});

describe('host names', () => {
  const statusOf = async (options: Parameters<typeof startServer>[0], host: string) =>
    (await ask(await startServer(options), '/metrics', { headers: { host } })).status;

  test.each(['localhost', 'LOCALHOST:9469', '127.0.0.1:1', '127.9.9.9', '[::1]:9469'])(
    'on loopback %s is answered',
    async (host) => expect(await statusOf({}, host)).toBe(200),
  );

  test.each([
    'attacker.example',
    'localhost.attacker.example',
    '192.0.2.7',
    'localhost@attacker.example',
    '@',
    ':9469',
  ])('on loopback %p is refused, health included', async (host) => {
    const server = await startServer();
    for (const path of ['/', '/metrics', '/-/healthy']) {
      const { status, body } = await ask(server, path, { headers: { host } });
      expect([path, status]).toEqual([path, 403]);
      expect(body).not.toContain('attacker');
    }
  });

  test('allowed hosts are answered on loopback, with and without port', async () => {
    const allowedHosts = ['Exporter.example', 'other.example:9469'];
    expect(await statusOf({ allowedHosts }, 'exporter.example:443')).toBe(200);
    expect(await statusOf({ allowedHosts }, 'exporter.example.')).toBe(200);
    expect(await statusOf({ allowedHosts }, 'other.example')).toBe(200);
    expect(await statusOf({ allowedHosts }, 'another.example')).toBe(403);
  });

  test('beyond loopback any name is answered, until some are configured', async () => {
    const listenAddress = '0.0.0.0:0';
    expect(await statusOf({ listenAddress }, 'exporter:9469')).toBe(200);
    expect(await statusOf({ listenAddress, allowedHosts: ['exporter'] }, 'exporter:9469')).toBe(200);
    expect(await statusOf({ listenAddress, allowedHosts: ['exporter'] }, '192.0.2.7:9469')).toBe(200);
    expect(await statusOf({ listenAddress, allowedHosts: ['exporter'] }, 'attacker.example')).toBe(403);
  });
});

describe('reload', () => {
  const post = async (headers: Record<string, string>) =>
    (
      await ask(await startServer(), '/-/reload', {
        method: 'POST',
        headers: { host: 'localhost:9469', ...headers },
      })
    ).status;

  test('is done for the same host and for clients that are no browsers, not for other sites', async () => {
    expect(await post({})).toBe(200);
    expect(await post({ origin: 'http://localhost:9469' })).toBe(200);
    expect(await post({ origin: 'https://LOCALHOST:9469' })).toBe(200);
    for (const origin of ['http://attacker.example', 'null', 'http://localhost:3000', '', 'localhost:9469'])
      expect([origin, await post({ origin })]).toEqual([origin, 403]);
  });

  test('says every problem and answers 500 when nothing was changed', async () => {
    const onReload = async () => ({
      ok: false,
      problems: ['exporter.yaml:3 log.format: is not one of json'],
    });
    const { status, body } = await ask(await startServer({ onReload }), '/-/reload', { method: 'POST' });
    expect([status, body]).toEqual([
      500,
      'Nothing was changed:\nexporter.yaml:3 log.format: is not one of json\n',
    ]);
  });

  test('runs one at a time, and requests that come meanwhile share the next one', async () => {
    let running = 0;
    const begun: (() => void)[] = [];
    const onReload = async () => {
      expect(++running).toBe(1);
      await new Promise<void>((ended) => begun.push(ended));
      running--;
      return { ok: true, problems: [] };
    };
    let arrived = false;
    const ingesting = () => {
      arrived = true;
      return true;
    };
    const server = await startServer({ onReload, ingesting });
    const first = ask(server, '/-/reload', { method: 'POST' });
    await eventually(() => expect(begun).toHaveLength(1));
    // One connection keeps requests in order: when the last of them arrives, so have the others.
    const socket = connect(server.port, '127.0.0.1');
    let answers = '';
    socket.on('data', (chunk) => {
      answers += chunk;
    });
    const post = 'POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n';
    const last = 'GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    socket.write(post.repeat(11) + last);
    await eventually(() => expect(arrived).toBe(true));
    begun[0]?.();
    await eventually(() => expect(begun).toHaveLength(2));
    begun[1]?.();
    await once(socket, 'close');
    expect((await first).status).toBe(200);
    expect(answers.match(/HTTP\/1.1 200/g)).toHaveLength(12);
    expect(begun).toHaveLength(2);
  });

  test('that throws is answered without details and logged', async () => {
    const server = await startServer({ onReload: () => Promise.reject(new Error('secret detail')) });
    const { status, body } = await ask(server, '/-/reload', { method: 'POST' });
    expect(status).toBe(500);
    expect(body).not.toContain('secret detail');
    expect(server.logged()).toContain('secret detail');
  });
});

test('other methods are answered 405 with what is allowed', async () => {
  const server = await startServer();
  for (const path of ['/', '/metrics', '/-/healthy', '/keys/a', '/page.css'])
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect([path, method, await ask(server, path, { method })]).toMatchObject([
        path,
        method,
        { status: 405, headers: { allow: 'GET, HEAD' } },
      ]);
  expect(await ask(server, '/-/reload')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
});

test('every answer carries the security headers and none says what software it is from', async () => {
  const server = await startServer({ web: { ...OPEN_WEB, users } });
  const authorized = { headers: { authorization: basic('prometheus', 'right') } };
  const answers = [
    ...(await Promise.all(EVERYTHING.map((path) => ask(server, path, authorized)))),
    await ask(server, '/'),
    await ask(server, '/-/healthy'),
    await ask(server, '/%', authorized),
    await ask(server, '/', { headers: { host: 'attacker.example' } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404, 404, 401, 200, 404, 403]);
  for (const { headers } of answers) {
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers.server).toBeUndefined();
  }
});

test('pages are not kept by anyone', async () => {
  const server = await startServer();
  for (const path of ['/', '/keys/key_crm_sync?tenant=acme', '/nowhere', '/metrics'])
    expect([path, (await ask(server, path)).headers['cache-control']]).toEqual([path, 'no-store']);
});

test('health tells yes or no and nothing else', async () => {
  const well = await startServer();
  well.mirror.status = { ...well.mirror.status!, commitError: '/var/lib/secret.db is full', commitErrors: 3 };
  expect(await ask(well, '/-/healthy')).toMatchObject({ status: 200, body: 'OK\n' });
  well.mirror.status = { ...well.mirror.status!, ready: false };
  const { status, body } = await ask(well, '/-/ready');
  expect([status, body]).toEqual([503, 'Not ready: still reading what was there at start.\n']);
  const ended = await startServer({ ingesting: () => false });
  expect((await ask(ended, '/-/healthy')).status).toBe(503);
  expect((await ask(ended, '/-/ready')).status).toBe(503);
});

test('headers of the web configuration are on every answer, in the place of the exporter’s own', async () => {
  const headers = { 'X-Frame-Options': 'sameorigin', 'Strict-Transport-Security': 'max-age=9' };
  const { url, server } = await startServer({ web: { ...OPEN_WEB, headers } });
  for (const path of ['/', '/metrics', '/-/healthy', '/page.css', '/nowhere']) {
    const answer = await fetch(`${url}${path}`);
    expect([path, answer.headers.get('x-frame-options')]).toEqual([path, 'sameorigin']);
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=9');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
  (await server.prepare(OPEN_WEB, [])).apply();
  expect((await fetch(`${url}/`)).headers.get('x-frame-options')).toBe('DENY');
});
