import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { parseYamlDocument, withoutNulls } from '../yaml/document.ts';
import type { OptionError } from './load.ts';

const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
/** What is asked of clients, in the words of Go's crypto/tls, which the format took over. */
export type ClientAuth = (typeof CLIENT_AUTH)[number];

const TLS_VERSIONS = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
const tlsVersion = z.enum(['TLS12', 'TLS13'], 'is neither TLS12 nor TLS13; older ones are broken');

/** Go's names of elliptic curves, and OpenSSL's. */
const CURVES = { CurveP256: 'P-256', CurveP384: 'P-384', CurveP521: 'P-521', X25519: 'X25519' } as const;

/** The headers the format knows; a list holds the values allowed. */
const HEADERS: Record<string, readonly string[]> = {
  'content-security-policy': [],
  'strict-transport-security': [],
  'x-content-type-options': ['nosniff'],
  'x-frame-options': ['deny', 'sameorigin'],
  'x-xss-protection': [],
};

/** Parts of the format that this exporter would have to ignore are refused: ignored security is none. */
const refused = (why: string) => z.never({ error: why }).optional();
const inline = (file: string) =>
  refused(`is not read from here; put it into a file and name that as ${file}`);

/** TLS and credentials, in the web configuration format that Prometheus exporters share. */
const webConfigSchema = z.strictObject({
  tls_server_config: z
    .strictObject({
      cert_file: z.string().min(1, 'is empty'),
      key_file: z.string().min(1, 'is empty'),
      client_auth_type: z
        .enum(CLIENT_AUTH, `is not one of ${CLIENT_AUTH.join(', ')}`)
        .default('NoClientCert'),
      client_ca_file: z.string().default(''),
      min_version: tlsVersion.default('TLS12'),
      max_version: tlsVersion.default('TLS13'),
      cipher_suites: z.array(z.string()).default([]),
      prefer_server_cipher_suites: z.boolean().default(true),
      curve_preferences: z
        .array(
          z.enum(
            Object.keys(CURVES) as (keyof typeof CURVES)[],
            `is not one of ${Object.keys(CURVES).join(', ')}`,
          ),
        )
        .default([]),
      cert: inline('cert_file'),
      key: inline('key_file'),
      client_ca: inline('client_ca_file'),
      client_allowed_sans: refused('is not supported: whoever the CA signed is let in; use a CA of its own'),
    })
    .optional(),
  http_server_config: z
    .strictObject({
      http2: z
        .literal(
          false,
          'is not supported: answers go by HTTP/1.1, as every client can; write false or leave it out',
        )
        .optional(),
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
  /** '' = none. */
  clientCaFile: string;
  clientAuth: ClientAuth;
  minVersion: 'TLSv1.2' | 'TLSv1.3';
  maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** By the names of the IANA registry; none = OpenSSL's own choice, as of the curves. */
  ciphers: string[];
  honorCipherOrder: boolean;
  curves: string[];
}

export interface WebConfig {
  tls: TlsFiles | undefined;
  /** Bcrypt hashes by user. */
  users: Record<string, string>;
  /** Headers of every answer, in the place of the exporter's own of that name. */
  headers: Record<string, string>;
}

export const OPEN_WEB: WebConfig = { tls: undefined, users: {}, headers: {} };

/** Reads the text of a web configuration file; files in it are relative to it. Never quotes a value. */
export function parseWebConfig(path: string, text: string): { web: WebConfig; problems: OptionError[] } {
  const document = parseYamlDocument(text);
  const placeOf = (line: number | undefined): string => (line === undefined ? path : `${path}:${line}`);
  const broken = document.errors.map(({ line, code }) => ({
    place: placeOf(line),
    path: '',
    message:
      line === undefined
        ? 'has aliases that cannot be resolved; write the values out'
        : `is not YAML (${code})`,
  }));
  if (broken.length > 0) return { web: OPEN_WEB, problems: broken };
  // Below a section null stays what it is: a user without a password is an error.
  const data = withoutNulls(document.data ?? {}, () => true);
  const parsed = webConfigSchema.safeParse(data, { reportInput: true });
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => ({
      place: placeOf(document.lineOf(issue.path)),
      path: issue.path.map(String).join('.'),
      message: wordsOf(issue),
    }));
    return { web: OPEN_WEB, problems };
  }
  const { tls_server_config: tls, basic_auth_users: users, http_server_config: http } = parsed.data;
  return {
    web: { tls: tls && tlsOf(dirname(path), tls), users, headers: http?.headers ?? {} },
    problems: [...clientCaProblems(tls), ...headerProblems(http?.headers ?? {})].map((problem) => ({
      place: placeOf(document.lineOf(problem.path.split('.'))),
      ...problem,
    })),
  };
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `there is no ${issue.keys.join(', ')} here`;
  return issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message;
}

type Tls = NonNullable<z.output<typeof webConfigSchema>['tls_server_config']>;

function tlsOf(directory: string, tls: Tls): TlsFiles {
  return {
    certFile: resolve(directory, tls.cert_file),
    keyFile: resolve(directory, tls.key_file),
    clientCaFile: tls.client_ca_file === '' ? '' : resolve(directory, tls.client_ca_file),
    clientAuth: tls.client_auth_type,
    minVersion: TLS_VERSIONS[tls.min_version],
    maxVersion: TLS_VERSIONS[tls.max_version],
    ciphers: tls.cipher_suites,
    honorCipherOrder: tls.prefer_server_cipher_suites,
    curves: tls.curve_preferences.map((name) => CURVES[name]),
  };
}

type Wrong = Omit<OptionError, 'place'>;

function clientCaProblems(tls: Tls | undefined): Wrong[] {
  const path = 'tls_server_config.client_ca_file';
  const verifies = tls?.client_auth_type.includes('Verify');
  if (verifies && tls?.client_ca_file === '')
    return [{ path, message: 'is missing; client certificates are verified against it' }];
  if (tls?.client_auth_type === 'NoClientCert' && tls.client_ca_file !== '')
    return [{ path, message: 'verifies nothing: client_auth_type is NoClientCert' }];
  return [];
}

function headerProblems(headers: Record<string, string>): Wrong[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const path = `http_server_config.headers.${name}`;
    const allowed = Object.hasOwn(HEADERS, name.toLowerCase()) ? HEADERS[name.toLowerCase()] : undefined;
    if (!allowed) return [{ path, message: `is not one of ${Object.keys(HEADERS).join(', ')}` }];
    if (allowed.length > 0 && !allowed.includes(value.toLowerCase()))
      return [{ path, message: `is not ${allowed.join(' or ')}` }];
    return /[^\t\x20-\x7e]/.test(value) ? [{ path, message: 'holds what no header may hold' }] : [];
  });
}
