import { expect, test } from '@jest/globals';
import { problemText } from '../../src/config/load.ts';
import { parseWebConfig } from '../../src/config/web-config-file.ts';

const HASH = '$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde';
const parse = (text: string) => parseWebConfig('/etc/exporter/web.yml', text);
const problems = (text: string) => parse(text).problems.map(problemText);

test('users and TLS files are read; files are relative to the configuration', () => {
  const { web, problems } = parse(
    `tls_server_config:\n  cert_file: server.crt\n  key_file: /keys/server.key\n  min_version: TLS13\nbasic_auth_users:\n  prometheus: ${HASH}\n`,
  );
  expect(problems).toEqual([]);
  expect(web.tls).toMatchObject({
    certFile: '/etc/exporter/server.crt',
    keyFile: '/keys/server.key',
    minVersion: 'TLSv1.3',
  });
  expect(web.users).toEqual({ prometheus: HASH });
});

test('an empty file, or one of empty sections, means neither TLS nor users', () => {
  const nothing = { web: { tls: undefined, users: {}, headers: {} }, problems: [] };
  expect(parse('')).toEqual(nothing);
  expect(parse('tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n')).toEqual(nothing);
});

test('a password that is not a bcrypt hash is refused without being quoted', () => {
  const [problem] = problems('basic_auth_users:\n  admin: hunter2-plain\n');
  expect(problem).toMatch(/basic_auth_users\.admin: is not a bcrypt hash/);
  expect(problem).not.toContain('hunter2');
});

test('a user without a hash is refused, and not left out', () => {
  expect(problems('basic_auth_users:\n  admin:\n')).toEqual([
    expect.stringContaining('basic_auth_users.admin'),
  ]);
});

test('what the exporter would have to ignore is refused, with the reason', () => {
  const tls = (more: string) => problems(`tls_server_config: { cert_file: a, key_file: b, ${more} }`);
  expect(problems('http_server_config: { http2: true }')[0]).toMatch(/http2: is not supported: .*HTTP\/1\.1/);
  expect(problems('http_server_config: { http2: false }')).toEqual([]);
  expect(tls('client_allowed_sans: [x]')[0]).toMatch(/client_allowed_sans: is not supported/);
  expect(tls('key: abc')[0]).toMatch(/key: is not read from here.*key_file$/);
  expect(tls('min_version: TLS10')[0]).toMatch(/min_version: is neither TLS12 nor TLS13/);
  expect(tls('client_auth_type: Any')[0]).toMatch(/is not one of NoClientCert, /);
  expect(problems('tls_server_config: { cert_file: a }')[0]).toMatch(/key_file: is missing$/);
  expect(problems('basic_auth: {}')[0]).toMatch(/there is no basic_auth here/);
});

test('a CA and the kinds of client certificate that need one go together', () => {
  const tls = (more: string) => problems(`tls_server_config: { cert_file: a, key_file: b, ${more} }`);
  for (const kind of ['RequireAndVerifyClientCert', 'VerifyClientCertIfGiven'])
    expect(tls(`client_auth_type: ${kind}`)).toEqual([expect.stringMatching(/client_ca_file: is missing/)]);
  expect(tls('client_ca_file: ca')).toEqual([expect.stringMatching(/client_ca_file: verifies nothing/)]);
  expect(tls('client_auth_type: RequireAnyClientCert')).toEqual([]);
});

test('headers are those the shared format knows, with the values it allows', () => {
  const headers = 'X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=31536000';
  expect(parse(`http_server_config: { headers: { ${headers} } }`)).toMatchObject({
    web: { headers: { 'X-Frame-Options': 'sameorigin', 'Strict-Transport-Security': 'max-age=31536000' } },
    problems: [],
  });
  const wrong = (header: string) => problems(`http_server_config: { headers: { ${header} } }`)[0];
  expect(wrong('Set-Cookie: a')).toMatch(/headers\.Set-Cookie: is not one of content-security-policy, /);
  expect(wrong('X-Frame-Options: allow')).toMatch(/is not deny or sameorigin$/);
  expect(wrong('X-XSS-Protection: "1\\r\\nA: b"')).toMatch(/holds what no header may hold$/);
});

test('broken YAML is named with its line', () => {
  expect(problems('tls_server_config: [')[0]).toMatch(/^\/etc\/exporter\/web\.yml:\d+: is not YAML/);
});
