import { describe, expect, test } from '@jest/globals';
import { reader, request } from './reading.ts';

const read = reader();

describe('a json line', () => {
  test('gives all its fields', () => {
    const line = request({
      keyId: 'key_crm',
      method: 'get',
      endpoint: '/v1/contacts/42?page=2',
      ip: '192.0.2.10',
      tenantId: 'acme',
      durationMs: 12.5,
      bytes: 512,
      userAgent: 'crm/1.0',
      requestId: 'r-1',
    });
    expect(read(line)).toEqual({
      outcome: 'accepted',
      timestampMs: Date.UTC(2026, 4, 4, 10, 11, 12),
      status: 200,
      durationSeconds: 0.0125,
      responseBytes: 512,
      key: 'key_crm',
      tenant: 'acme',
      method: 'GET',
      path: '/v1/contacts/42',
      userAgent: 'crm/1.0',
      requestId: 'r-1',
      template: '/v1/contacts/:id',
      listed: false,
      surface: 'contacts',
      ip: '192.0.2.10',
      ignored: [],
    });
  });

  test('carries nothing over from the line before', () => {
    read(
      request({
        keyId: 'k',
        method: 'GET',
        ip: '::1',
        tenantId: 't',
        durationMs: 1,
        bytes: 1,
        userAgent: 'u',
      }),
    );
    expect(read(request())).toMatchObject({
      key: undefined,
      tenant: undefined,
      method: undefined,
      durationSeconds: undefined,
      responseBytes: undefined,
      userAgent: undefined,
      ip: '',
    });
    const rejected = read('{"status":"x"}');
    expect(rejected).toMatchObject({ outcome: 'missing_field', status: 0, timestampMs: 0, path: undefined });
    expect(rejected.template).toBe('');
  });

  test.each([
    ['', 'blank'],
    [' \t\r ', 'blank'],
    ['null', 'not_object'],
    ['[{"status":200}]', 'not_object'],
    ['"text"', 'not_object'],
    ['-0.5e+3', 'not_object'],
    ['{}', 'missing_field'],
    ['{', 'malformed'],
    ['{"a":1,}', 'malformed'],
    ['{,"a":1}', 'malformed'],
    ['{"a":1"b":2}', 'malformed'],
    ['{"a" 1}', 'malformed'],
    ['{"a":01}', 'malformed'],
    ['{"a":1.}', 'malformed'],
    ['{"a":.5}', 'malformed'],
    ['{"a":+1}', 'malformed'],
    ['{"a":1e}', 'malformed'],
    ['{"a":-}', 'malformed'],
    ['{"a":NaN}', 'malformed'],
    ['{"a":tru}', 'malformed'],
    ['{"a":"\\x41"}', 'malformed'],
    ['{"a":"\\u12g4"}', 'malformed'],
    ['{"a":"\u0001"}', 'malformed'],
    ['{"a":"tab\there"}', 'malformed'],
    ["{'a':1}", 'malformed'],
    ['{"a":[1,2}', 'malformed'],
    ['{"a":1}}', 'malformed'],
    ['{"a":1} x', 'malformed'],
    ['\ufeff{}', 'malformed'],
    ['{"a":"unterminated}', 'malformed'],
  ])('%j is %s', (line, outcome) => {
    expect(read(line).outcome).toBe(outcome);
  });

  test('counts when its strings are escaped as nginx does without escape=json', () => {
    const line = request({ keyId: 'k', userAgent: 'QUOTED' }).replace('QUOTED', 'a \\x22b\\x22 \\xC3\\xA9');
    expect(read(line)).toMatchObject({ outcome: 'accepted', key: 'k', userAgent: 'a "b" \xc3\xa9' });
    expect(read(line.replace('"status":200', '"status":20')).outcome).toBe('malformed');
  });

  test('may be nested 10,000 deep beside its fields, and must be closed as deep', () => {
    const deep = (close: number) =>
      `{"x":${'[{"y":'.repeat(5000)}1${'}]'.repeat(close)},${request().slice(1)}`;
    expect(read(deep(5000)).outcome).toBe('accepted');
    expect(read(deep(4999)).outcome).toBe('malformed');
    expect(read(`{"x":${'['.repeat(10_000)}`).outcome).toBe('malformed');
    expect(read('['.repeat(10_000)).outcome).toBe('malformed');
  });

  test('counts the last of members that occur twice', () => {
    expect(read(request({ status: 500 }).replace('"status"', '"status":200,"status"')).status).toBe(500);
    expect(read(`${request({ keyId: 'a' }).slice(0, -1)},"keyId":null}`).key).toBeUndefined();
  });

  test('takes __proto__ and constructor for ordinary names', () => {
    const line = `{"__proto__":{"status":500,"keyId":"x"},"constructor":1,${request({ keyId: 'k' }).slice(1)}`;
    expect(read(line)).toMatchObject({ outcome: 'accepted', status: 200, key: 'k' });
    const mapped = reader({ fields: { keyId: '__proto__.id', tenantId: 'constructor' } });
    expect(mapped(`{"__proto__":{"id":"k"},"constructor":"t",${request().slice(1)}`)).toMatchObject({
      key: 'k',
      tenant: 't',
    });
    expect(mapped(request())).toMatchObject({ key: undefined, tenant: undefined });
  });

  test('decodes escapes in values and in member names', () => {
    const line = String.raw`{"ke\u0079Id":"caf\u00e9 \ud83d\ude00 \"\/\b\f\n\r\t\\","tenantId":"\ud800x\udc00",${request().slice(1)}`;
    const reading = read(line);
    expect(Buffer.from(reading.key ?? '', 'latin1').toString()).toBe('café 😀 "/\b\f\n\r\t\\');
    expect(Buffer.from(reading.tenant ?? '', 'latin1').toString('hex')).toBe('eda08078edb080');
  });

  test('reads escaped digits and words as what they mean', () => {
    const line = String.raw`{"timestamp":"2026-05-04\u002010:11:12","status":"\u0032\u0030\u0030","endpoint":"\u002Fv1","keyId":"\u002d"}`;
    expect(read(line)).toMatchObject({ outcome: 'accepted', status: 200, path: '/v1', key: undefined });
  });

  test('keeps keys of invalid UTF-8 apart', () => {
    const line = (byte: number) => {
      const bytes = Buffer.from(request({ keyId: 'k#' }));
      bytes[bytes.indexOf('#')] = byte;
      return bytes;
    };
    expect(read(line(0xfe)).key).toBe('k\xfe');
    expect(read(line(0xff)).key).toBe('k\xff');
  });

  test('is understood when the order and the spacing of its members change from line to line', () => {
    const lines = [
      '{"timestamp":1777889472,"endpoint":"/a","status":201}',
      '{"timestamp": 1777889472,"endpoint": "/b","status": 202}',
      '{ "status" : 203 , "endpoint" : "/c" , "timestamp" : 1777889472 }',
      '{"extra":[1],"timestamp":1777889472,"endpoint":"/d","more":{"status":1},"status":204}',
      '{"timestamp":1777889472,"endpoint":"/e","status":205}',
    ];
    expect(lines.map((line) => [read(line).path, read(line).status])).toEqual([
      ['/a', 201],
      ['/b', 202],
      ['/c', 203],
      ['/d', 204],
      ['/e', 205],
    ]);
  });
});

describe('a dotted field name', () => {
  const mapped = reader({
    fields: { keyId: 'auth.key', status: 'http.response.status', endpoint: 'http.path' },
  });
  const line = (rest: string) =>
    `{"timestamp":1777889472,"http":{"path":"/v1","response":{"status":404}},${rest}}`;

  test('reaches into nested objects', () => {
    expect(mapped(line('"auth":{"key":"k"}'))).toMatchObject({ status: 404, path: '/v1', key: 'k' });
  });

  test('is also the name of a flat member, which counts where a line has both', () => {
    expect(mapped(line('"auth.key":"flat"')).key).toBe('flat');
    expect(mapped(line('"auth.key":"flat","auth":{"key":"nested"}')).key).toBe('flat');
    expect(mapped(line('"auth":{"key":"nested"},"auth.key":null')).key).toBeUndefined();
  });

  test('forgets the earlier of two nested objects', () => {
    expect(mapped(line('"auth":{"key":"k"},"auth":{}')).key).toBeUndefined();
    expect(mapped(line('"auth":{"key":"k"},"auth":1')).key).toBeUndefined();
    expect(mapped(line('"auth":{"key":"k"},"http":{"path":"/x"}')).outcome).toBe('missing_field');
  });

  test('does not mistake an array, a text or a deeper object for the path', () => {
    expect(mapped(line('"auth":[{"key":"k"}]')).key).toBeUndefined();
    expect(mapped(line('"x":{"auth":{"key":"k"}}')).key).toBeUndefined();
  });

  test('may be shared by two fields, and may lie inside another', () => {
    const shared = reader({ fields: { keyId: 'id', requestId: 'id', userAgent: 'a.b', tenantId: 'a.b' } });
    const text = `{"id":"\\u0041b","a":{"b":"\\u0042b"},${request().slice(1)}`;
    expect(shared(text)).toMatchObject({ key: 'Ab', requestId: 'Ab', userAgent: 'Bb', tenant: 'Bb' });
    const inside = reader({ fields: { keyId: 'auth', tenantId: 'auth.tenant' } });
    expect(inside(`{"auth":{"tenant":"t"},${request().slice(1)}`).outcome).toBe('wrong_type');
    expect(inside(`{"auth":"k",${request().slice(1)}`)).toMatchObject({ key: 'k', tenant: undefined });
  });
});
