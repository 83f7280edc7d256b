import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { pino } from 'pino';
import { OPEN_WEB } from '../../src/config/web-config-file.ts';
import type { Mirror } from '../../src/metrics/mirror.ts';
import { createWebServer, type WebServer, type WebServerOptions } from '../../src/web/server.ts';
import { type Fixture, fixture } from './fixture.ts';
import { NOW } from './fixture-keys.ts';

export interface RunningServer {
  /** Without slash at the end. */
  url: string;
  port: number;
  server: WebServer;
  mirror: Mirror;
  /** What the server logged, a JSON object a line. */
  logged(): string;
}

const running: WebServer[] = [];

/** Starts a web server on a free loopback port, over the fixture. */
export async function startServer(
  options: Partial<WebServerOptions> = {},
  { mirror, registry }: Fixture = fixture(),
): Promise<RunningServer> {
  let logged = '';
  const logger = pino({}, { write: (line: string) => (logged += line) });
  const server = createWebServer({
    listenAddress: '127.0.0.1:0',
    web: OPEN_WEB,
    allowedHosts: [],
    mirror,
    registry: () => registry,
    exposition: { render: async () => [Buffer.from('up 1\n')] },
    ingesting: () => true,
    now: () => NOW,
    onReload: async () => ({ ok: true, problems: [] }),
    logger,
    ...options,
  });
  running.push(server);
  const { url } = await server.listen();
  return { url: url.slice(0, -1), port: Number(new URL(url).port), server, mirror, logged: () => logged };
}

/** Ends what the tests started; call it in afterEach. */
export async function stopServers(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.close(0)));
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A request with exactly these headers, on a connection of its own. */
export async function ask(
  { port }: { port: number },
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  asked.end();
  const [answer] = await once(asked, 'response');
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk;
  return { status: answer.statusCode, headers: answer.headers, body };
}

/** The Authorization header of basic auth. */
export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
