import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../exporter-process.ts';
import { ask, startServer, stopServers } from './web-server.ts';

const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await stopServers();
});

/** A plain connection that says `text`, and what comes back until the server ends it. */
async function client(port: number, text: string) {
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  // Not once(): where the server leaves bytes unread, a reset comes before the close.
  const closed = new Promise((resolve) => socket.on('close', resolve));
  let received = '';
  return {
    socket,
    closed,
    read: () => {
      socket.on('data', (chunk) => {
        received += chunk;
      });
    },
    received: () => received,
  };
}

test('headers that never end are cut off', async () => {
  const server = await startServer({ limits: { headersTimeout: 300, requestTimeout: 600 } });
  const slow = await client(server.port, 'GET / HTTP/1.1\r\nHost: localhost\r\n');
  slow.read();
  await slow.closed;
  expect(slow.received()).toMatch(/^HTTP\/1.1 408/);
});

test('a body that never comes is not waited for', async () => {
  let reloads = 0;
  const server = await startServer({
    onReload: async () => {
      reloads++;
      return { ok: true, problems: [] };
    },
  });
  const slow = await client(
    server.port,
    'POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx',
  );
  slow.read();
  await slow.closed;
  expect(slow.received()).toMatch(/^HTTP\/1.1 200/);
  expect(reloads).toBe(1);
});

test('an oversized header and an endless request line are answered 431 and cut off', async () => {
  const server = await startServer();
  for (const text of [
    `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`,
    `GET /${'x'.repeat(100_000)}`,
  ]) {
    const large = await client(server.port, text);
    large.read();
    await large.closed;
    expect(large.received()).toMatch(/^HTTP\/1.1 431/);
  }
  expect((await ask(server, '/')).status).toBe(200);
});

test('what is no HTTP is refused and leaves the server well', async () => {
  const server = await startServer();
  for (const text of [
    '\x16\x03\x01\x02\x00\x01',
    'GARBAGE\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    '\0'.repeat(5000),
  ]) {
    const odd = await client(server.port, text);
    odd.read();
    await odd.closed;
    expect(odd.received()).toMatch(/^HTTP\/1.1 400/);
  }
  expect((await ask(server, '/')).status).toBe(200);
});

describe('a response that the client does not read', () => {
  /** More than the kernel buffers of both sides hold. */
  const block = Buffer.alloc(16 * 1024 * 1024, 'x');
  const exposition = { render: async () => [block] };
  const scrape = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

  /** Waits for the server to end the connection of a client that reads nothing. */
  async function cutOff({ socket }: { socket: Socket }): Promise<void> {
    // Only a write shows the client that the connection is gone: empty lines before a request mean nothing.
    await eventually(() => {
      if (socket.writable) socket.write('\r\n');
      expect(socket.destroyed).toBe(true);
    });
  }

  test('is cut off after a while', async () => {
    const server = await startServer({ exposition, limits: { answerTimeout: 200 } });
    await cutOff(await client(server.port, scrape));
    expect((await ask(server, '/-/healthy')).status).toBe(200);
  });

  test('does not cost a client that reads: its response is whole, and its connection stays open', async () => {
    const server = await startServer({ exposition, limits: { answerTimeout: 1_000 } });
    const reading = await client(server.port, scrape);
    let bytes = 0;
    reading.socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    await eventually(() => expect(bytes).toBeGreaterThan(block.length));
    // Once this one is cut off, the time of the response before it is over, too.
    await cutOff(await client(server.port, scrape));
    const whole = bytes;
    reading.socket.write('GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await reading.closed;
    expect(bytes).toBeGreaterThan(whole);
  });
});

test('a flood of idle connections costs the idle ones, not those who ask', async () => {
  const server = await startServer({ limits: { connections: 40 } });
  const flood = await Promise.all(
    Array.from({ length: 120 }, () => client(server.port, 'GET / HTTP/1.1\r\nHo')),
  );
  for (let i = 0; i < 10; i++) expect((await ask(server, '/metrics')).status).toBe(200);
  await eventually(() => expect(flood.filter(({ socket }) => socket.destroyed).length).toBeGreaterThan(79));
});

test('closing waits for what is underway, and then for nobody', async () => {
  let rendered = () => {};
  const waiting = new Promise<void>((resolve) => {
    rendered = resolve;
  });
  let begun = () => {};
  const rendering = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const server = await startServer({
    exposition: {
      render: async () => {
        begun();
        await waiting;
        return [Buffer.from('up 1\n')];
      },
    },
  });
  const idle = await client(server.port, 'GET / HTTP/1.1\r\n');
  const underway = ask(server, '/metrics');
  await rendering;
  const closed = server.server.close(500);
  rendered();
  expect((await underway).body).toBe('up 1\n');
  await closed;
  await idle.closed;
  await expect(ask(server, '/metrics')).rejects.toThrow();
});
