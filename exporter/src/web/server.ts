import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Logger } from 'pino';
import type { WebConfig } from '../config/web-config-file.ts';
import { type WebApp, webApp } from './app.ts';
import { boundConnections, CONNECTION_LIMITS, type ConnectionLimits } from './connections.ts';
import { Credentials } from './credentials.ts';
import type { Access, Bound } from './guard.ts';
import { isLoopback, parseListenAddress } from './host-names.ts';
import { readTls, refuseCertificates } from './tls.ts';

export interface WebServerOptions extends Omit<WebApp, 'access' | 'bound'> {
  /** `host:port`, `[v6]:port` or `:port`; port 0 = any free one. */
  listenAddress: string;
  web: WebConfig;
  allowedHosts: readonly string[];
  logger: Logger;
  /** Bounds on clients, where not the usual ones. */
  limits?: Partial<ConnectionLimits>;
}

export interface WebServer {
  /**
   * Starts answering. Rejects with a message for people when a certificate is unusable or the address is
   * taken or not this machine's.
   */
  listen(): Promise<{ address: string; url: string }>;
  /**
   * Reads and checks what a reload would change. Nothing is changed until apply(), which cannot fail.
   * problems: a line each, for people.
   */
  prepare(web: WebConfig, allowedHosts: readonly string[]): Promise<{ problems: string[]; apply(): void }>;
  /** Stops answering: what is underway has `graceMs` to end (default 1 s), then connections are cut. */
  close(graceMs?: number): Promise<void>;
}

/** The exporter's HTTP server: metrics, health, reload and pages, with everything that guards them. */
export function createWebServer(options: WebServerOptions): WebServer {
  const { host, port } = parseListenAddress(options.listenAddress);
  const tlsAtStart = options.web.tls;
  const bound: Bound = { loopback: false, listenHost: host };
  let access = accessOf(options.web, options.allowedHosts);
  let server: Server | TlsServer | undefined;
  let cutAll = () => {};

  async function listen(): Promise<{ address: string; url: string }> {
    const tls = tlsAtStart && (await readTls(tlsAtStart));
    if (tls && tls.problems.length > 0) throw new Error(tls.problems.join('\n'));
    const app = webApp({ ...options, access: () => access, bound: () => bound });
    const common = { connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 };
    server = tls ? createTlsServer({ ...common, ...tls.options }, app) : createServer(common, app);
    if (tlsAtStart) refuseCertificates(server as TlsServer, tlsAtStart.clientAuth);
    // With a flood of connections the kernel's queue is where honest ones wait, so it may be long.
    server.listen({ host: host === '' ? undefined : host, port, backlog: 1_024 });
    await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
      const why = LISTEN_ERRORS[error.code ?? ''] ?? error.message;
      throw new Error(`cannot listen on ${options.listenAddress}: ${why}`);
    });
    server.on('error', (error) => options.logger.error({ err: error }, 'the HTTP server failed'));
    cutAll = boundConnections(server, { ...CONNECTION_LIMITS, ...options.limits });
    const { address, port: actual, family } = server.address() as AddressInfo;
    bound.loopback = isLoopback(address);
    const shown = `${family === 'IPv6' ? `[${address}]` : address}:${actual}`;
    return { address: shown, url: `${tls ? 'https' : 'http'}://${shown}/` };
  }

  async function prepare(web: WebConfig, allowedHosts: readonly string[]) {
    const tls = web.tls && (await readTls(web.tls));
    const problems = [...(tls?.problems ?? []), ...needsRestart(tlsAtStart, web.tls)];
    const apply = () => {
      access = accessOf(web, allowedHosts);
      if (tls && server && 'setSecureContext' in server) server.setSecureContext(tls.options as TlsOptions);
    };
    return { problems, apply };
  }

  async function close(graceMs = 1_000): Promise<void> {
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    const cut = setTimeout(() => cutAll(), graceMs);
    await closed;
    clearTimeout(cut);
  }

  return { listen, prepare, close };
}

const LISTEN_ERRORS: Record<string, string> = {
  EADDRINUSE: 'the address is in use by another process',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'this user may not listen on that port',
  ENOTFOUND: 'the host name is not known',
};

function accessOf({ users, tls, headers }: WebConfig, allowedHosts: readonly string[]): Access {
  return {
    credentials: new Credentials(users),
    clientCertificates: tls?.clientAuth === 'RequireAndVerifyClientCert',
    headers,
    allowedHosts,
  };
}

/** A running server cannot take these over, and believing it had would be worse than a refusal. */
function needsRestart(before: WebConfig['tls'], after: WebConfig['tls']): string[] {
  if ((before === undefined) !== (after === undefined))
    return ['tls_server_config: TLS is switched on or off by a restart only'];
  return before?.clientAuth === after?.clientAuth
    ? []
    : ['tls_server_config.client_auth_type: changes by a restart only'];
}
