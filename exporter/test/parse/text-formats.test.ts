import { describe, expect, test } from '@jest/globals';
import { reader } from './reading.ts';

const AT = Date.UTC(2026, 4, 4, 10, 11, 12);

describe('logfmt', () => {
  const read = reader({
    format: 'logfmt',
    fields: { keyId: 'auth.key', tenantId: 'tenant', requestId: 'tenant' },
  });
  const base = 'timestamp=2026-05-04T10:11:12Z endpoint=/v1/contacts status=200';

  test('reads plain and quoted values and passes over the rest', () => {
    const line = `level=info ${base} auth.key=key_crm  msg="a = b" userAgent="crm \\"1.0\\" \\u00e9\\t\\x41" debug ip=::1`;
    expect(read(line)).toMatchObject({
      outcome: 'accepted',
      timestampMs: AT,
      status: 200,
      key: 'key_crm',
      userAgent: 'crm "1.0" \xc3\xa9\tA',
      ip: '::1',
    });
  });

  test('takes a value without quotes up to the next blank', () => {
    expect(read(base.replace('/v1/contacts', '/v1/x?a=b&c="d"'))).toMatchObject({ path: '/v1/x' });
  });

  test('finds nothing in a bare name, an empty value or a dash', () => {
    for (const none of ['auth.key', 'auth.key=', 'auth.key=""', 'auth.key=-', 'auth.key="-"'])
      expect(read(`${base} ${none}`)).toMatchObject({ outcome: 'accepted', key: undefined });
    expect(read(`${base} auth.key=k auth.key`).key).toBeUndefined();
  });

  test('counts the last of names that occur twice, and gives one value to two fields', () => {
    expect(read(`${base} status=500`).status).toBe(500);
    expect(read(`${base} tenant=acme`)).toMatchObject({ tenant: 'acme', requestId: 'acme' });
  });

  test.each([
    ['plain words only', 'malformed'],
    [`${base} x="unterminated`, 'malformed'],
    [`${base} x="a"b`, 'malformed'],
    [`=1 ${base}`, 'malformed'],
    ['  \t', 'blank'],
    ['a=b', 'missing_field'],
    ['timestamp=1777889472 endpoint=/ status=2e2', 'bad_status'],
  ])('%j is %s', (line, outcome) => {
    expect(read(line).outcome).toBe(outcome);
  });
});

describe('combined', () => {
  const read = reader({ format: 'combined' });
  const line = (user: string, request = 'GET /v1/contacts?x=1 HTTP/1.1', rest = ' "https://ref" "curl/8"') =>
    `203.0.113.9 - ${user} [04/May/2026:10:11:12 +0000] "${request}" 200 512${rest}`;

  test('reads what the web server wrote', () => {
    expect(read(line('key_crm'))).toMatchObject({
      outcome: 'accepted',
      timestampMs: AT,
      status: 200,
      responseBytes: 512,
      key: 'key_crm',
      method: 'GET',
      path: '/v1/contacts',
      ip: '203.0.113.9',
      userAgent: 'curl/8',
      ignored: [],
    });
  });

  test('reads the common format, which lacks referer and agent', () => {
    expect(read(line('k', undefined, ''))).toMatchObject({ outcome: 'accepted', userAgent: undefined });
    expect(read(line('k', undefined, ' "ref"'))).toMatchObject({ outcome: 'accepted', userAgent: undefined });
    expect(read(line('k', undefined, ' "ref" "agent" 0.003 "more"'))).toMatchObject({ userAgent: 'agent' });
  });

  test('reads the user as the servers escape it: one key, however it is written', () => {
    expect(read(line('caf\\xc3\\xa9')).key).toBe(Buffer.from('café').toString('latin1'));
    expect(read(line('k\\"q\\\\')).key).toBe('k"q\\');
    expect(read(line('""')).key).toBeUndefined();
    const raw = `sa_live_${'Zk3'.repeat(6)}`;
    expect(read(line(raw.replace('_', '\\x5f'))).key).toBe(read(line(raw)).key);
  });

  test('takes a dash for nothing', () => {
    const reading = read('203.0.113.9 - - [04/May/2026:10:11:12 +0000] "GET / HTTP/1.1" 304 - "-" "-"');
    expect(reading).toMatchObject({
      outcome: 'accepted',
      key: undefined,
      responseBytes: undefined,
      ignored: [],
    });
    expect(reading.userAgent).toBeUndefined();
  });

  test('takes a user with blanks and brackets whole', () => {
    expect(read(line('John [x] Doe')).key).toBe('John [x] Doe');
  });

  test('decodes escaped quotes and bytes', () => {
    const reading = read(line('k', 'GET /a\\"b\\x41 HTTP/1.1', ' "r\\"" "a\\\\g\\"e"'));
    expect(reading).toMatchObject({ path: '/a"bA', userAgent: 'a\\g"e' });
  });

  test('takes the rightmost address of a forwarded-for list that is not private', () => {
    expect(read(line('k').replace('203.0.113.9', '192.0.2.1, 198.51.100.7, 10.0.0.1'))).toMatchObject({
      ip: '198.51.100.7',
      key: 'k',
    });
  });

  test('ignores a host name, and the request counts', () => {
    expect(read(line('k').replace('203.0.113.9', 'client.example'))).toMatchObject({
      outcome: 'accepted',
      ignored: ['ip'],
    });
  });

  test.each([
    ['', 'blank'],
    ['203.0.113.9 - k', 'malformed'],
    ['203.0.113.9 - k [04/May/2026:10:11:12 +0000', 'malformed'],
    [line('k').replace('" 200', ' 200'), 'malformed'],
    [line('k').replace(' 512', ''), 'malformed'],
    [line('k', undefined, ' "r'), 'malformed'],
    [line('k', undefined, ' "r" "a'), 'malformed'],
    [line('k', '-'), 'missing_field'],
    [line('k', '\\x16\\x03\\x01'), 'bad_endpoint'],
    [line('k').replace(' 200 ', ' 20 '), 'bad_status'],
    [line('k').replace('04/May', '31/Feb'), 'bad_timestamp'],
  ])('%j is %s', (text, outcome) => {
    expect(read(text).outcome).toBe(outcome);
  });
});

describe('pattern', () => {
  const pattern = String.raw`^(?<timestamp>\S+) é (?<keyId>\S*)(?: ip=(?<ip>\S+))? "(?<request>[^"]*)" (?<status>\d{3})`;
  const read = reader({ format: 'pattern', pattern });

  test('reads the fields its groups are named after, in bytes', () => {
    expect(read('2026-05-04T10:11:12Z é kéy ip=::1 "GET /v1/ü HTTP/1.1" 200')).toMatchObject({
      outcome: 'accepted',
      timestampMs: AT,
      key: Buffer.from('kéy').toString('latin1'),
      path: Buffer.from('/v1/ü').toString('latin1'),
      ip: '::1',
      status: 200,
    });
  });

  test('leaves a field absent whose group took no part', () => {
    read('2026-05-04T10:11:12Z é k ip=::1 "GET / HTTP/1.1" 200');
    expect(read('2026-05-04T10:11:12Z é - "GET / HTTP/1.1" 200')).toMatchObject({ ip: '', key: undefined });
  });

  test('a line it does not match is malformed, an empty one blank', () => {
    expect(read('something else').outcome).toBe('malformed');
    expect(read('  ').outcome).toBe('blank');
  });
});
