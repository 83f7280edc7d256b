import { describe, expect, test } from '@jest/globals';
import { quote } from '../../src/ingest/rejection-reports.ts';
import { explainRejection } from '../../src/parse/explain.ts';
import { compileFormat, createLineParser } from '../../src/parse/format.ts';
import { LogRecord, rejectionName } from '../../src/parse/log-record.ts';
import { formatOptions, request } from './reading.ts';

/** What is reported about a rejected line: its reason, the explanation, and the quote. */
function rejected(options: Parameters<typeof formatOptions>[0], line: string | Buffer) {
  const format = compileFormat(formatOptions(options));
  const bytes = Buffer.from(line as string);
  const outcome = createLineParser(format).parse(bytes, 0, bytes.length, new LogRecord());
  expect(outcome).toBeGreaterThan(0);
  const reason = rejectionName(outcome);
  const problem = explainRejection(format, reason, bytes, 0, bytes.length);
  return { reason, problem, quoted: quote(bytes, 0, bytes.length), bytes };
}

const COMBINED = '192.0.2.1 - crm [04/May/2026:10:11:12 +0000] "GET /v1/a HTTP/1.1" 200 12 "-" "c"';

describe('the explanation of a rejected line', () => {
  const fields = { status: 'http.status', endpoint: 'uri', timestamp: 'ts', keyId: 'auth.key' };
  const line = (more: object) =>
    JSON.stringify({ ts: '2026-05-04T10:11:12Z', uri: '/v1/a', http: { status: 200 }, ...more });

  test.each([
    [line({ http: {} }), '`http.status` (status) is absent'],
    [
      line({ http: { status: 700 } }),
      '`http.status` (status) is neither a whole number from 100 to 599, nor 0, nor -',
    ],
    [line({ ts: 'yesterday' }), '`ts` (timestamp) is in none of the known forms of time'],
    [line({ ts: null }), '`ts` (timestamp) has no value'],
    [line({ uri: undefined }), 'neither `uri` (endpoint) nor `request` is on the line'],
    [line({ uri: 'v1' }), '`uri` (endpoint) is neither a path, nor an absolute URL, nor *'],
    [line({ auth: { key: true } }), '`auth.key` (keyId) is neither a number nor text'],
    [line({ tenantId: {} }), '`tenantId` is neither a number nor text'],
  ])('of %j names the field as it is configured', (text, problem) => {
    expect(rejected({ fields }, text).problem).toBe(problem);
    const docker = JSON.stringify({ log: `${text}\n` });
    expect(rejected({ fields, container: 'docker' }, docker).problem).toBe(problem);
  });

  test.each([
    [
      'combined',
      'none',
      `May  4 10:11:12 web1 nginx: ${COMBINED}`,
      'looks like a syslog prefix: set log.container to syslog',
    ],
    [
      'combined',
      'none',
      `<190>1 2026-05-04T10:11:12Z web1 nginx 1 - - ${COMBINED}`,
      'set log.container to syslog',
    ],
    ['combined', 'none', `May  4 10:11:12 web1 sshd: closed [04/May/2026 x`, 'set log.container to syslog'],
    [
      'combined',
      'none',
      `api.example.test:443 ${COMBINED}`,
      'starts with host:port: use format vhost_combined',
    ],
    ['combined', 'none', `web-1  | ${COMBINED}`, 'set log.container to compose'],
    ['combined', 'none', request({}), 'set log.format to json'],
    ['combined', 'none', COMBINED.replace('crm', 'John Doe'), 'write a user with spaces in quotes'],
    ['json', 'none', COMBINED, 'set log.format to combined'],
    [
      'json',
      'none',
      JSON.stringify({ log: `${request()}\n` })
        .replace('{', '[{')
        .concat(']'),
      '',
    ],
    ['json', 'cri', request(), 'set log.container to none'],
    ['json', 'none', `2026-05-04T10:11:12Z stdout F ${request()}`, 'set log.container to cri'],
    ['json', 'cri', JSON.stringify({ log: `${request()}\n` }), 'set log.container to docker'],
    ['json', 'none', `May  4 10:11:12 web1 nginx: ${COMBINED}`, 'set log.container to syslog, and'],
    ['json', 'none', '{"timestamp":', ''],
  ] as const)('of a line for %s in %s says what to set', (format, container, text, remedy) => {
    const { problem } = rejected({ format, container }, text);
    if (remedy === '') expect(problem).toBe('');
    else expect(problem).toContain(remedy);
  });
});

describe('the quote of a rejected line', () => {
  test.each([
    [{}, request({ endpoint: '/v1/\u00e9', status: 99, keyId: 'a"b' }).replace('\u00e9', '\\u00e9')],
    [{}, request({ endpoint: 'HTTPS://H', status: 200, keyId: false, method: 'get' })],
    [{ format: 'logfmt' }, 'timestamp="x\\ty" endpoint="/a\\"b" status="2\\x300"'],
    [{ format: 'combined' }, COMBINED.replace('GET /v1/a', 'GET /\\x22\\"').replace('04/May', '31/Feb')],
    [{ container: 'docker' }, JSON.stringify({ log: `${request({ status: 99, keyId: 'a"\t' })}\n` })],
    [{ container: 'compose' }, `web-1  | ${request({ status: 99, userAgent: '"' })}`],
  ] as const)('is what the file holds: %j %s', (options, line) => {
    const { quoted, bytes } = rejected(options, line);
    expect(bytes.toString()).toBe(line);
    expect(quoted).toBe(line.slice(0, 200));
  });

  test('shows control characters, and no raw key however it is escaped', () => {
    const secret = 'Zk3Zk3Zk3Zk3';
    for (const key of [
      `sa_live_${secret}`,
      `\\u0073a_live_${secret}`,
      `sa\\x5flive_${secret}`,
      `sa\\\\u005flive_${secret}`,
      `s\\a_live_${secret}`.replace('\\a', 'a'),
      `sa_\\l\\ive_${secret}`,
      `SA%5Flive_\\u005ak3${secret.slice(3)}`,
    ]) {
      const { quoted } = rejected({}, `nonsense \u0007 ${key} "\\u00e9"`);
      expect(quoted).not.toContain(secret.slice(3));
      expect(quoted).toMatch(/^nonsense \\u0007 sa_live_[0-9a-f]{12} "\\u00e9"$/);
    }
  });
});
