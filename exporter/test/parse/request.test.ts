import { describe, expect, test } from '@jest/globals';
import { reader, request } from './reading.ts';

const read = reader();

describe('needed fields', () => {
  test.each([
    [{ timestamp: undefined }, 'missing_field'],
    [{ timestamp: null }, 'missing_field'],
    [{ timestamp: '' }, 'missing_field'],
    [{ timestamp: true }, 'wrong_type'],
    [{ timestamp: {} }, 'wrong_type'],
    [{ timestamp: 'yesterday' }, 'bad_timestamp'],
    [{ timestamp: -1 }, 'bad_timestamp'],
    [{ endpoint: undefined }, 'missing_field'],
    [{ endpoint: '-' }, 'missing_field'],
    [{ endpoint: 7 }, 'wrong_type'],
    [{ endpoint: ['/'] }, 'wrong_type'],
    [{ endpoint: 'v1/contacts' }, 'bad_endpoint'],
    [{ endpoint: '?x=1' }, 'bad_endpoint'],
    [{ endpoint: '**' }, 'bad_endpoint'],
    [{ endpoint: 'https:///v1' }, 'bad_endpoint'],
    [{ status: undefined }, 'missing_field'],
    [{ status: false }, 'wrong_type'],
    [{ status: [200] }, 'wrong_type'],
    [{ status: 99 }, 'bad_status'],
    [{ status: 600 }, 'bad_status'],
    [{ status: 200.5 }, 'bad_status'],
    [{ status: -200 }, 'bad_status'],
    [{ status: '20' }, 'bad_status'],
    [{ status: '0200' }, 'bad_status'],
    [{ status: '2e2' }, 'bad_status'],
    [{ status: ' 200' }, 'bad_status'],
    [{ status: '099' }, 'bad_status'],
    [{ keyId: 7 }, 'wrong_type'],
    [{ keyId: { id: 'k' } }, 'wrong_type'],
    [{ tenantId: 7 }, 'wrong_type'],
    [{ tenantId: false }, 'wrong_type'],
  ])('%j is %s', (fields, outcome) => {
    expect(read(request(fields)).outcome).toBe(outcome);
  });

  test.each([0, '0', '00', '000', '-', '', null, -1, '-1', 0.0])(
    'status %j is that of a request without response',
    (status) => {
      expect(read(request({ status, keyId: 'k' }))).toMatchObject({
        ...{ outcome: 'accepted', status: 0, key: 'k', template: '/v1/contacts' },
      });
    },
  );

  test('an endpoint that is no path is what the client sent, unless the request succeeded', () => {
    for (const endpoint of ['host:443', 'v1/contacts', '-', '', null])
      for (const status of [0, 400, 405, 502])
        expect(read(request({ endpoint, status }))).toMatchObject({ outcome: 'accepted', template: '' });
  });

  test.each([
    ['100', 100],
    ['599', 599],
    ['"404"', 404],
    ['2e2', 200],
    ['200.0', 200],
    ['2000E-1', 200],
  ])('status %s is %d', (text, status) => {
    expect(read(request().replace('"status":200', `"status":${text}`))).toMatchObject({
      outcome: 'accepted',
      status,
    });
  });
});

describe('a key', () => {
  test.each([[undefined], [null], [''], ['-']])('%j is none', (keyId) => {
    expect(read(request({ keyId }))).toMatchObject({ outcome: 'accepted', key: undefined });
  });
});

describe('optional fields', () => {
  test.each([
    [{ ip: '999.1.1.1' }, ['ip']],
    [{ ip: 3232235777 }, ['ip']],
    [{ durationMs: -1 }, ['durationMs']],
    [{ durationMs: 'NaN' }, ['durationMs']],
    [{ durationMs: {} }, ['durationMs']],
    [{ durationMs: '1e999' }, ['durationMs']],
    [{ durationMs: 1e13 }, ['durationMs']],
    [{ durationSeconds: -0.1 }, ['durationMs']],
    [{ bytes: -1 }, ['bytes']],
    [{ bytes: 1.5 }, ['bytes']],
    [{ bytes: 1e300 }, ['bytes']],
    [{ bytes: true }, ['bytes']],
    [{ userAgent: 1 }, ['userAgent']],
    [{ requestId: [] }, ['requestId']],
    [{ method: 'GET /' }, ['method']],
    [{ method: 'A'.repeat(17) }, ['method']],
    [{ method: 'M-SEARCH' }, ['method']],
    [{ method: 1 }, ['method']],
    [
      { ip: 'x', durationMs: 'x', bytes: 'x', userAgent: 0, requestId: 0, method: '0' },
      ['ip', 'durationMs', 'bytes', 'userAgent', 'requestId', 'method'],
    ],
  ])('%j is ignored, counted, and does not cost the request', (fields, ignored) => {
    expect(read(request(fields))).toMatchObject({
      outcome: 'accepted',
      ignored,
      ip: '',
      durationSeconds: undefined,
      responseBytes: undefined,
      method: undefined,
    });
  });

  test.each([[null], [''], ['-']])('%j is simply absent', (value) => {
    const all = {
      ip: value,
      durationMs: value,
      bytes: value,
      userAgent: value,
      requestId: value,
      method: value,
    };
    expect(read(request({ ...all, tenantId: value }))).toMatchObject({ outcome: 'accepted', ignored: [] });
  });

  test.each([
    [{ durationMs: 0 }, 0],
    [{ durationMs: 1500 }, 1.5],
    [{ durationMs: '12.5' }, 0.0125],
    [{ durationMs: 2.5e1 }, 0.025],
    [{ durationSeconds: 0.25 }, 0.25],
    [{ durationSeconds: '1.5' }, 1.5],
    [{ durationMs: 10, durationSeconds: 99 }, 0.01],
    [{ durationMs: null, durationSeconds: 2 }, 2],
  ])('%j is a duration of %d seconds', (fields, seconds) => {
    expect(read(request(fields))).toMatchObject({ durationSeconds: seconds, ignored: [] });
  });

  test('a lower-case method is the same method', () => {
    expect(read(request({ method: 'Patch' })).method).toBe('PATCH');
  });
});

describe('an endpoint', () => {
  test.each([
    ['/v1/contacts?x=/y', '/v1/contacts'],
    ['/v1/contacts#top', '/v1/contacts'],
    ['/a?b?c#d', '/a'],
    ['/', '/'],
    ['/?x', '/'],
    ['*', '*'],
    ['https://api.example.org/v1/contacts?x', '/v1/contacts'],
    ['HTTP://api.example.org:8080/v1', '/v1'],
    ['https://api.example.org', '/'],
    ['https://api.example.org?x=1', '/'],
  ])('%j has the path %j', (endpoint, path) => {
    expect(read(request({ endpoint }))).toMatchObject({ outcome: 'accepted', path });
  });
});

describe('a request line', () => {
  const split = (line: unknown, fields = {}) =>
    read(request({ endpoint: undefined, request: line, ...fields }));

  test.each([
    ['GET /v1/contacts?x=1 HTTP/1.1', 'GET', '/v1/contacts'],
    ['post /v1/contacts HTTP/2.0', 'POST', '/v1/contacts'],
    ['GET /v1/contacts', 'GET', '/v1/contacts'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS', '*'],
    ['GET /a b HTTP/1.1', 'GET', '/a b'],
    ['GET /a HTTP/1.1 HTTP/1.1', 'GET', '/a HTTP/1.1'],
    ['GET https://h/v1 HTTP/1.1', 'GET', '/v1'],
  ])('%j is %s %s', (line, method, path) => {
    expect(split(line)).toMatchObject({ outcome: 'accepted', method, path });
  });

  test.each([
    ['-'],
    [''],
    [null],
    ['GET'],
    ['GET HTTP/1.1'],
    ['GET  HTTP/1.1'],
    ['\u0016\u0003\u0001'],
    ['CONNECT host:443 HTTP/1.1'],
    ['PRI * HTTP/2.0'],
  ])('%j is none: the request counts without endpoint and method', (line) => {
    expect(split(line)).toMatchObject({
      ...{ outcome: 'accepted', template: '', path: undefined, method: undefined, surface: undefined },
    });
  });

  test('one without version names no endpoint when the server took it for no request', () => {
    for (const status of [400, 408, 505]) expect(split('GET /v1/a', { status }).template).toBe('');
    expect(split('GET /v1/a', { status: 404 }).template).toBe('/v1/a');
  });

  test('that is a number is of the wrong type, and one that is not on the line is missing', () => {
    expect(split(7).outcome).toBe('wrong_type');
    expect(split(undefined).outcome).toBe('missing_field');
  });

  test('gives only what the line does not say otherwise', () => {
    expect(split('GET /a HTTP/1.1', { method: 'PUT' })).toMatchObject({ method: 'PUT', path: '/a' });
    expect(split('GET /a HTTP/1.1', { endpoint: '/b' })).toMatchObject({ method: 'GET', path: '/b' });
    expect(split('GET /a HTTP/1.1', { method: 'PUT', endpoint: '/b' })).toMatchObject({
      method: 'PUT',
      path: '/b',
    });
  });
});
