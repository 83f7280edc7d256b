import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Problem } from './load.ts';

/** TLS and credentials, in the web configuration format that Prometheus exporters share. */
const tlsVersion = z.enum(['TLS12', 'TLS13']);
const webConfigSchema = z.strictObject({
  tls_server_config: z
    .strictObject({
      cert_file: z.string().min(1),
      key_file: z.string().min(1),
      client_auth_type: z
        .enum([
          'NoClientCert',
          'RequestClientCert',
          'RequireAnyClientCert',
          'VerifyClientCertIfGiven',
          'RequireAndVerifyClientCert',
        ])
        .default('NoClientCert'),
      client_ca_file: z.string().default(''),
      min_version: tlsVersion.default('TLS12'),
      max_version: tlsVersion.default('TLS13'),
      cipher_suites: z.array(z.string()).default([]),
    })
    .optional(),
  http_server_config: z
    .strictObject({
      http2: z.boolean().default(false),
      headers: z.record(z.string(), z.string()).default({}),
    })
    .optional(),
  basic_auth_users: z
    .record(
      z.string().min(1),
      z
        .string()
        .regex(
          /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/,
          'is not a bcrypt hash; make one with `htpasswd -nBC 10 ""`',
        ),
    )
    .default({}),
});

export interface TlsFiles {
  certFile: string;
  keyFile: string;
  clientCaFile: string;
  /** Ask for a client certificate; and refuse who has none that the CA signed. */
  requestCert: boolean;
  requireCert: boolean;
  minVersion: 'TLSv1.2' | 'TLSv1.3';
  maxVersion: 'TLSv1.2' | 'TLSv1.3';
  ciphers: string[];
}

export interface WebConfig {
  tls: TlsFiles | undefined;
  /** Bcrypt hashes by user. */
  users: Record<string, string>;
}

export const OPEN_WEB: WebConfig = { tls: undefined, users: {} };

/** Reads the text of a web configuration file; files in it are relative to it. Never quotes a value. */
export function parseWebConfig(path: string, text: string): { web: WebConfig; problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map((error) => ({
    place: `${path}:${lines.linePos(error.pos[0]).line}`,
    path: '',
    message: `is not YAML (${error.code})`,
  }));
  if (broken.length > 0) return { web: OPEN_WEB, problems: broken };
  let data: unknown;
  try {
    data = document.toJS() ?? {};
  } catch {
    const message = 'has aliases that cannot be resolved; write the values out';
    return { web: OPEN_WEB, problems: [{ place: path, path: '', message }] };
  }
  const parsed = webConfigSchema.safeParse(data);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => ({
      place: path,
      path: issue.path.map(String).join('.'),
      message:
        issue.code === 'unrecognized_keys' ? `there is no ${issue.keys.join(', ')} here` : issue.message,
    }));
    return { web: OPEN_WEB, problems };
  }
  const { tls_server_config: tls, basic_auth_users: users } = parsed.data;
  return { web: { tls: tls && tlsOf(dirname(path), tls), users }, problems: unsupported(path, parsed.data) };
}

type Parsed = z.output<typeof webConfigSchema>;

function tlsOf(directory: string, tls: NonNullable<Parsed['tls_server_config']>): TlsFiles {
  const version = (name: 'TLS12' | 'TLS13') => (name === 'TLS12' ? 'TLSv1.2' : 'TLSv1.3');
  const verifies = tls.client_auth_type === 'RequireAndVerifyClientCert';
  return {
    certFile: resolve(directory, tls.cert_file),
    keyFile: resolve(directory, tls.key_file),
    clientCaFile: tls.client_ca_file === '' ? '' : resolve(directory, tls.client_ca_file),
    requestCert: tls.client_auth_type !== 'NoClientCert',
    requireCert: verifies,
    minVersion: version(tls.min_version),
    maxVersion: version(tls.max_version),
    ciphers: tls.cipher_suites,
  };
}

/** Parts of the shared format that this exporter would have to ignore are refused: ignored security is none. */
function unsupported(path: string, { tls_server_config: tls, http_server_config: http }: Parsed): Problem[] {
  const found: Problem[] = [];
  const add = (option: string, message: string) => found.push({ place: path, path: option, message });
  const kind = tls?.client_auth_type;
  if (kind === 'RequireAnyClientCert' || kind === 'VerifyClientCertIfGiven')
    add(
      'tls_server_config.client_auth_type',
      'is not supported; use NoClientCert or RequireAndVerifyClientCert',
    );
  if (kind === 'RequireAndVerifyClientCert' && tls?.client_ca_file === '')
    add('tls_server_config.client_ca_file', 'is missing; client certificates are verified against it');
  if (http?.http2) add('http_server_config.http2', 'is not supported; leave it out');
  if (http && Object.keys(http.headers).length > 0)
    add('http_server_config.headers', 'is not supported; the exporter sets its own security headers');
  return found;
}
