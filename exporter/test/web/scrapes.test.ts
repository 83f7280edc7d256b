import { once } from 'node:events';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../exporter-process.ts';
import { ask, startServer, stopServers } from './web-server.ts';

afterEach(stopServers);

const BLOCKS = Array.from({ length: 8 }, (_, i) => Buffer.alloc(256 * 1024, `line ${i}\n`));
const WHOLE = Buffer.concat(BLOCKS);

async function bytesOf(
  port: number,
  headers: Record<string, string>,
): Promise<{ type: string; encoding: string; bytes: Buffer }> {
  const asked = request({ host: '127.0.0.1', port, path: '/metrics', headers, agent: false });
  asked.end();
  const [answer] = await once(asked, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return {
    type: answer.headers['content-type'],
    encoding: answer.headers['content-encoding'] ?? '',
    bytes: Buffer.concat(chunks),
  };
}

test('the format follows Accept and the encoding Accept-Encoding', async () => {
  const asked: string[] = [];
  const server = await startServer({
    exposition: {
      render: async (format) => {
        asked.push(format);
        return BLOCKS;
      },
    },
  });
  const plain = await bytesOf(server.port, {});
  expect([plain.type, plain.encoding]).toEqual(['text/plain; version=0.0.4; charset=utf-8', '']);
  expect(plain.bytes.equals(WHOLE)).toBe(true);
  const prometheus = await bytesOf(server.port, {
    accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
    'accept-encoding': 'gzip',
  });
  expect(prometheus.type).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
  expect(prometheus.encoding).toBe('gzip');
  expect(gunzipSync(prometheus.bytes).equals(WHOLE)).toBe(true);
  expect((await bytesOf(server.port, { 'accept-encoding': 'gzip;q=0, identity' })).encoding).toBe('');
  expect(asked).toEqual(['text', 'openmetrics', 'text']);
});

test('HEAD answers like GET, without a body and without rendering', async () => {
  let rendered = 0;
  const server = await startServer({
    exposition: {
      render: async () => {
        rendered++;
        return BLOCKS;
      },
    },
  });
  const { status, headers, body } = await ask(server, '/metrics', { method: 'HEAD' });
  expect([status, body, rendered]).toEqual([200, '', 0]);
  expect(headers['content-type']).toMatch(/^text\/plain/);
});

test('several scrapers at once, plain and zipped, all get the whole', async () => {
  const told: number[] = [];
  const server = await startServer({
    exposition: { render: async () => BLOCKS },
    scraped: (_, bytes) => told.push(bytes),
  });
  const all = await Promise.all([
    bytesOf(server.port, { 'accept-encoding': 'gzip' }),
    bytesOf(server.port, { 'accept-encoding': 'gzip' }),
    bytesOf(server.port, {}),
  ]);
  for (const { encoding, bytes } of all)
    expect((encoding === 'gzip' ? gunzipSync(bytes) : bytes).equals(WHOLE)).toBe(true);
  expect(told).toEqual(Array(3).fill(WHOLE.length));
});

test('other requests are answered while a large exposition is sent', async () => {
  const large = Array.from({ length: 400 }, () => BLOCKS[0]);
  const server = await startServer({ exposition: { render: async () => large } });
  let sent = false;
  const scrape = bytesOf(server.port, {}).then(() => {
    sent = true;
  });
  let between = 0;
  while (!sent) {
    expect((await ask(server, '/-/healthy')).status).toBe(200);
    if (!sent) between++;
  }
  await scrape;
  expect(between).toBeGreaterThan(2);
});

test('scrapers that read nothing give way to those that do', async () => {
  const large = Array.from({ length: 64 }, () => BLOCKS[0]);
  const server = await startServer({ exposition: { render: async () => large } });
  const deaf = Array.from({ length: 10 }, () => {
    const asked = request({ host: '127.0.0.1', port: server.port, path: '/metrics', agent: false });
    asked.on('error', () => {});
    asked.on('response', (answer) => answer.on('error', () => {}).pause());
    asked.end();
    return asked;
  });
  await Promise.all(deaf.map((asked) => once(asked, 'response')));
  expect(await ask(server, '/metrics')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  await eventually(async () => {
    const { status, body } = await ask(server, '/metrics');
    expect([status, body.length]).toEqual([200, 64 * BLOCKS[0].length]);
  });
  for (const asked of deaf) asked.destroy();
});

test('a scrape that cannot be rendered is a 500 without details', async () => {
  const server = await startServer({
    exposition: { render: () => Promise.reject(new Error('secret detail')) },
  });
  const { status, headers, body } = await ask(server, '/metrics', { headers: { 'accept-encoding': 'gzip' } });
  expect([status, headers['content-encoding']]).toEqual([500, undefined]);
  expect(body).not.toContain('secret');
});
