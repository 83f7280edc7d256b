import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { throttle } from '../time/throttle.ts';
import type { Credentials } from './credentials.ts';
import { hostAllowed, originAllowed } from './host-names.ts';
import { refuse } from './refusal.ts';

/** What decides who gets an answer; replaced as a whole on reload. */
export interface Access {
  credentials: Credentials;
  /** Every client has shown a certificate that the configured CA signed. */
  clientCertificates: boolean;
  /** Headers of every answer, in the place of the exporter's own of that name. */
  headers: Readonly<Record<string, string>>;
  allowedHosts: readonly string[];
}

/** Where the server listens, as far as it matters for who may ask. */
export interface Bound {
  loopback: boolean;
  /** The host of the listen address as configured. */
  listenHost: string;
}

/** Answer without credentials, whatever is configured: they say nothing but yes or no. */
const HEALTH = ['/-/healthy', '/-/ready'];
/** Answer on every interface, also where nobody configured credentials. */
const EXPOSED = [...HEALTH, '/metrics'];

const UNEXPOSED = `This exporter listens beyond loopback and has no credentials configured, so only /metrics,
/-/healthy and /-/ready answer here.

To see this page: put basic_auth_users (or client certificates) into the file given as --web.config.file,
or listen on loopback (--web.listen-address=127.0.0.1:9469) and come through a tunnel.
`;
const WRONG_HOST = `This exporter does not answer under the host name of this request.

If the name is right, add it to web.allowedHosts.
`;
const WRONG_ORIGIN = 'This request comes from a page of another site.\n';

/** Headers that every answer carries. No inline style or script ever runs, and nothing is loaded from elsewhere. */
export function securityHeaders(_: Request, response: Response, next: NextFunction): void {
  response.set({
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
      "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
  });
  next();
}

/** Refuses requests that are addressed to, come from, or ask for what they may not. */
export function guard(access: () => Access, bound: () => Bound, logger: Logger): RequestHandler {
  const note = refusalLog(logger);
  return async (request, response, next) => {
    const { credentials, clientCertificates, headers, allowedHosts } = access();
    response.set(headers);
    const { host, origin, authorization } = request.headers;
    const refused = (status: number, text: string): void => refuse(request, response, status, text);
    // A request body is never read: with one, the connection ends with the answer.
    if (
      request.headers['transfer-encoding'] !== undefined ||
      Number(request.headers['content-length'] ?? 0) > 0
    )
      response.set('Connection', 'close');
    if (!hostAllowed(host, bound(), allowedHosts)) return refused(403, WRONG_HOST);
    if (!['GET', 'HEAD'].includes(request.method) && !originAllowed(origin, host))
      return refused(403, WRONG_ORIGIN);
    if (HEALTH.includes(request.path)) return next();
    if (!credentials.configured) {
      if (bound().loopback || clientCertificates || EXPOSED.includes(request.path)) return next();
      return refused(403, UNEXPOSED);
    }
    const verdict = await credentials.check(authorization, clientOf(request));
    if (verdict === 'accepted') return next();
    if (verdict === 'busy') {
      response.set('Retry-After', '2');
      return refused(429, 'Too many credentials are being checked. Try again in 2 s.\n');
    }
    if (authorization !== undefined) note();
    response.set('WWW-Authenticate', 'Basic realm="atender-exporter", charset="UTF-8"');
    return refused(401, 'Credentials are needed.\n');
  };
}

/** IPv6 clients count by their /64: one host has as many addresses in it as it likes. */
function clientOf({ socket }: Request): string {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return groups.slice(0, 4).join(':');
}

/** Reports refused credentials, at most one line a minute however many there are. */
function refusalLog(logger: Logger): () => void {
  const due = throttle(60_000, Date.now);
  let count = 0;
  return () => {
    count++;
    if (!due('')) return;
    logger.warn({ requests: count }, 'requests with wrong credentials were refused');
    count = 0;
  };
}
