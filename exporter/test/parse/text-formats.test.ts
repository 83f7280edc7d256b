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

  test('counts a line that was cut off in the quotes of an optional field, without that field', () => {
    for (const end of ['userAgent="Mozilla/5.0 (compat', 'userAgent="x\\"', 'ip="192.0.2', 'msg="a b=c'])
      expect(read(`${base} auth.key=k ${end}`)).toMatchObject({
        outcome: 'accepted',
        key: 'k',
        userAgent: undefined,
        ip: '',
      });
  });

  test('counts the last of names that occur twice, and gives one value to two fields', () => {
    expect(read(`${base} status=500`).status).toBe(500);
    expect(read(`${base} tenant=acme`)).toMatchObject({ tenant: 'acme', requestId: 'acme' });
  });

  test.each([
    ['plain words only', 'malformed'],
    [`${base} x="unterminated`, 'malformed'],
    [`${base} auth.key="unterminated`, 'malformed'],
    [`${base} auth.key=k tenant="unterminated`, 'malformed'],
    [`auth.key=a ${base} userAgent="ends with \\" auth.key=b`, 'malformed'],
    [`timestamp=1777889472 endpoint=/ auth.key=k status="20`, 'malformed'],
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

  test('drops the quotes around a user, who may have spaces in them', () => {
    expect(read(line('"crm"')).key).toBe('crm');
    expect(read(line('"John [x] Doe"')).key).toBe('John [x] Doe');
    expect(read(line('"-"'))).toMatchObject({ outcome: 'accepted', key: undefined });
    expect(read(line('""'))).toMatchObject({ outcome: 'accepted', key: undefined });
    expect(read(line(''))).toMatchObject({ outcome: 'accepted', key: undefined });
  });

  test('counts what a client claimed to be when it was refused, so that a probe is no rejected line', () => {
    expect(read(line('John Doe').replace(' 200 ', ' 401 '))).toMatchObject({ status: 401, key: 'John Doe' });
  });

  test.each([
    ['the agent', line('k', undefined, ' "-" "Mozilla/5.0 (compat')],
    ['the referer', line('k', undefined, ' "http://refer')],
    ['an agent that ends with a backslash', line('k', undefined, ' "-" "ends with backslash\\"')],
    ['what follows the bytes', line('k', undefined, '')],
    ['what follows the bytes, with the space', line('k', undefined, ' ')],
    ['what follows the status', line('k', undefined, '').replace(' 512', '')],
    ['what follows the status, with the space', line('k', undefined, '').replace('512', '')],
  ])('a line cut off in %s counts', (_, text) => {
    expect(read(text)).toMatchObject({ outcome: 'accepted', status: 200, key: 'k', path: '/v1/contacts' });
    expect(read(text).userAgent).toBeUndefined();
  });

  test('a third field that is cut off takes nothing from the two before', () => {
    expect(read(line('k', undefined, ' "-" "x" "open third'))).toMatchObject({ key: 'k', userAgent: 'x' });
  });

  test.each([
    ['TLS bytes as the server escapes them', '\\x16\\x03\\x01\\x02\\x00', 400],
    ['TLS bytes as they came', '\x16\x03\x01 "\x02" \xfc', 400],
    ['nothing in time', '-', 408],
    ['nothing', '', 400],
    ['CONNECT', 'CONNECT example.test:443 HTTP/1.1', 405],
    ['no version', 'GET /v1/a', 400],
    ['a method alone', 'GET', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0', 400],
    ['garbage', 'hello there', 400],
  ])('a request line that is none counts without endpoint: %s', (_, text, status) => {
    expect(read(line('k', text).replace(' 200 ', ` ${status} `))).toMatchObject({
      outcome: 'accepted',
      key: 'k',
      status,
      template: '',
      path: undefined,
      method: undefined,
      ignored: [],
    });
  });

  test('keeps the path of an absolute URL, and of a request without version that was served', () => {
    expect(read(line('k', 'GET http://example.test/v1/a HTTP/1.1')).template).toBe('/v1/a');
    expect(read(line('k', 'GET /v1/a'))).toMatchObject({ template: '/v1/a', method: 'GET' });
    expect(read(line('k', 'OPTIONS * HTTP/1.1')).template).toBe('*');
  });

  test.each(['000', '0', '-', '-1'])('status %s is that of a request without response', (status) => {
    expect(read(line('k').replace(' 200 ', ` ${status} `))).toMatchObject({ outcome: 'accepted', status: 0 });
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
    [line('John Doe'), 'malformed'],
    [line('- crm'), 'malformed'],
    [line('k').replace('- k', 'k'), 'malformed'],
    [line('"k'), 'malformed'],
    [`May  4 10:11:12 web1 nginx: ${line('k')}`, 'malformed'],
    [`api.example.test:443 ${line('k')}`, 'malformed'],
    [`api.example.test:443 ${line('-')}`, 'malformed'],
    [`api.example.test:443 ${line('-').replace(' 200 ', ' 401 ')}`, 'malformed'],
    [line('k').replace(' 200 ', ' 20 '), 'bad_status'],
    [line('k').replace('04/May', '31/Feb'), 'bad_timestamp'],
  ])('%j is %s', (text, outcome) => {
    expect(read(text).outcome).toBe(outcome);
  });
});

describe('vhost_combined', () => {
  const read = reader({ format: 'vhost_combined' });
  const line = (before: string) =>
    `${before} [04/May/2026:10:11:12 +0000] "GET /v1/a HTTP/1.1" 200 12 "-" "c"`;

  test.each([
    ['api.example.test:443 192.0.2.7 - crm', 'crm'],
    ['api.example.test 192.0.2.7 - crm', 'crm'],
    ['api.example.test:443 192.0.2.7 - -', undefined],
    ['api.example.test:443 192.0.2.7 - "John Doe"', 'John Doe'],
    ['[2001:db8::1]:443 192.0.2.8, 192.0.2.7 - ""', undefined],
    ['192.0.2.7 - crm', 'crm'],
    ['192.0.2.7 - "John Doe"', 'John Doe'],
    ['192.0.2.7 - ', undefined],
  ])('reads %j', (before, key) => {
    expect(read(line(before))).toMatchObject({ outcome: 'accepted', key, ip: '192.0.2.7', status: 200 });
  });

  test.each([
    '192.0.2.7 - John Doe',
    'a b 192.0.2.7 - crm',
    'May  4 10:11:12 web1 nginx: 192.0.2.7 - crm',
    '192.0.2.7',
  ])('%j before the time is malformed', (before) => {
    expect(read(line(before)).outcome).toBe('malformed');
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

  test('counts a line whose status took no part as one without response', () => {
    const optional = reader({
      format: 'pattern',
      pattern: `${pattern.replace(' (?<status>', '(?: (?<status>')})?`,
    });
    expect(optional('2026-05-04T10:11:12Z é k "GET / HTTP/1.1"')).toMatchObject({ key: 'k', status: 0 });
    expect(optional('2026-05-04T10:11:12Z é k "GET / HTTP/1.1" 200')).toMatchObject({ status: 200 });
  });

  test('a line it does not match is malformed, an empty one blank', () => {
    expect(read('something else').outcome).toBe('malformed');
    expect(read('  ').outcome).toBe('blank');
  });
});
