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

test('an empty file means neither TLS nor users', () => {
  expect(parse('')).toEqual({ web: { tls: undefined, users: {} }, problems: [] });
});

test('a password that is not a bcrypt hash is refused without being quoted', () => {
  const [problem] = problems('basic_auth_users:\n  admin: hunter2-plain\n');
  expect(problem).toMatch(/basic_auth_users\.admin: is not a bcrypt hash/);
  expect(problem).not.toContain('hunter2');
});

test('what the exporter would have to ignore is refused', () => {
  expect(
    problems('tls_server_config: { cert_file: a, key_file: b, client_auth_type: RequireAnyClientCert }')[0],
  ).toMatch(/client_auth_type: is not supported/);
  expect(
    problems(
      'tls_server_config: { cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert }',
    )[0],
  ).toMatch(/client_ca_file: is missing/);
  expect(problems('http_server_config: { http2: true }')[0]).toMatch(/http2: is not supported/);
  expect(problems('basic_auth: {}')[0]).toMatch(/there is no basic_auth here/);
});

test('broken YAML is named with its line', () => {
  expect(problems('tls_server_config: [')[0]).toMatch(/^\/etc\/exporter\/web\.yml:\d+: is not YAML/);
});
