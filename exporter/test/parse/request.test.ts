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
    [{ endpoint: 'v1/contacts' }, 'bad_endpoint'],
    [{ endpoint: '?x=1' }, 'bad_endpoint'],
    [{ endpoint: '**' }, 'bad_endpoint'],
    [{ endpoint: 'https:///v1' }, 'bad_endpoint'],
    [{ status: undefined }, 'missing_field'],
    [{ status: false }, 'wrong_type'],
    [{ status: 99 }, 'bad_status'],
    [{ status: 600 }, 'bad_status'],
    [{ status: 200.5 }, 'bad_status'],
    [{ status: -200 }, 'bad_status'],
    [{ status: '20' }, 'bad_status'],
    [{ status: '0200' }, 'bad_status'],
    [{ status: '2e2' }, 'bad_status'],
    [{ status: ' 200' }, 'bad_status'],
    [{ status: '099' }, 'bad_status'],
    [{ keyId: { id: 'k' } }, 'wrong_type'],
    [{ keyId: true }, 'wrong_type'],
    [{ keyId: [['k']] }, 'wrong_type'],
    [{ keyId: [{ id: 'k' }] }, 'wrong_type'],
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

describe('what JSON writes in other types', () => {
  test.each([
    ['"keyId":566', { key: '566' }],
    ['"keyId":1e3', { key: '1e3' }],
    ['"keyId":9007199254740993', { key: '9007199254740993' }],
    ['"tenantId":7', { tenant: '7' }],
    ['"requestId":0', { requestId: '0' }],
    [
      '"status":"200","bytes":"12","durationMs":"5"',
      { status: 200, responseBytes: 12, durationSeconds: 0.005 },
    ],
    ['"timestamp":"1777889472.5"', { timestampMs: 1_777_889_472_500 }],
    ['"keyId":["k"]', { key: 'k' }],
    ['"keyId":["\\u006b", "other"]', { key: 'k' }],
    ['"keyId":[]', { key: undefined }],
    ['"keyId":[null]', { key: undefined }],
    ['"keyId":[ 7, {"x": [1]} ]', { key: '7' }],
    ['"status":[201]', { status: 201 }],
    ['"endpoint":["/v1/a"]', { path: '/v1/a' }],
  ])('%s is read', (members, found) => {
    const line = `${request().slice(0, -1)},${members}}`;
    expect(read(line)).toMatchObject({ outcome: 'accepted', ignored: [], ...found });
  });

  const CADDY =
    '{"ts":1777889472.8,"request":{"client_ip":"203.0.113.8","method":"GET","uri":"/v1/items","headers":' +
    '{"X-Api-Key":["key_\\u0063rm","key_b"],"X-Forwarded-For":["198.51.100.9","198.51.100.1, 10.0.0.2"]}},' +
    '"duration":0.03,"size":13341,"status":200}';
  const caddy = (key: string) =>
    reader({
      fields: {
        ...{ timestamp: 'ts', keyId: key, method: 'request.method', endpoint: 'request.uri', bytes: 'size' },
        ...{ ip: 'request.headers.X-Forwarded-For', durationSeconds: 'duration' },
        ...{ requestId: 'request.headers.X-Api-Key' },
      },
    })(CADDY);

  test.each([
    ['request.headers.X-Api-Key', 'key_crm'],
    ['request.headers.X-Api-Key.0', 'key_crm'],
    ['request.headers.X-Api-Key[0]', 'key_crm'],
    ['request.headers.X-Api-Key.1', 'key_b'],
    ['request.headers.X-Api-Key[1]', 'key_b'],
    ['request.headers.X-Api-Key.2', undefined],
  ])('%s is %s in what Caddy writes', (path, key) => {
    expect(caddy(path)).toMatchObject({
      ...{ outcome: 'accepted', key, requestId: 'key_crm', responseBytes: 13341, durationSeconds: 0.03 },
      ip: '198.51.100.1',
    });
  });

  test('an element of an array may be an object on the way', () => {
    const nested = reader({ fields: { keyId: 'auth[1].key' } });
    expect(nested(request({ auth: [{ key: 'a' }, { key: 'b' }] })).key).toBe('b');
    expect(nested(request({ auth: [{ key: 'a' }] })).key).toBeUndefined();
  });
});

describe('optional fields', () => {
  test.each([
    [{ ip: '999.1.1.1' }, ['ip']],
    [{ ip: 3232235777 }, ['ip']],
    [{ durationMs: -2 }, ['durationMs']],
    [{ durationMs: 'NaN' }, ['durationMs']],
    [{ durationMs: '12 parsecs' }, ['durationMs']],
    [{ durationMs: '0,012' }, ['durationMs']],
    [{ durationMs: '5ms, x' }, ['durationMs']],
    [{ requestId: {} }, ['requestId']],
    [{ durationMs: {} }, ['durationMs']],
    [{ durationMs: '1e999' }, ['durationMs']],
    [{ durationMs: 1e13 }, ['durationMs']],
    [{ durationSeconds: -0.1 }, ['durationMs']],
    [{ bytes: -1 }, ['bytes']],
    [{ bytes: 1.5 }, ['bytes']],
    [{ bytes: 1e300 }, ['bytes']],
    [{ bytes: true }, ['bytes']],
    [{ userAgent: 1 }, ['userAgent']],
    [{ method: 'GET /' }, ['method']],
    [{ method: 'A'.repeat(17) }, ['method']],
    [{ method: 'M-SEARCH' }, ['method']],
    [{ method: 1 }, ['method']],
    [
      { ip: 'x', durationMs: 'x', bytes: 'x', userAgent: 0, requestId: true, method: '0' },
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
    [{ durationMs: -1, durationSeconds: 2 }, 2],
    [{ durationUs: 433_331 }, 0.433331],
    [{ durationNs: 433_331_475 }, 0.433331475],
    [{ durationSeconds: '-1', durationNs: '1e9' }, 1],
    [{ durationMs: '360.541µs' }, 0.000360541],
    [{ durationMs: '360.541\u03bcs' }, 0.000360541],
    [{ durationSeconds: '360.541us' }, 0.000360541],
    [{ durationUs: '0.012s' }, 0.012],
    [{ durationNs: '18ms' }, 0.018],
    [{ durationMs: '18 ms' }, 0.018],
    [{ durationMs: '1m2s' }, 62],
    [{ durationMs: '1h2m3.5s' }, 3723.5],
    [{ durationMs: '1h' }, 3600],
    [{ durationMs: '250ns' }, 2.5e-7],
    [{ durationSeconds: '0.005, 0.019' }, 0.024],
    [{ durationSeconds: '0.005 : 0.019' }, 0.024],
    [{ durationSeconds: '0.005, - : 0.019, 0.001' }, 0.025],
    [{ durationMs: '5, 19' }, 0.024],
    [{ durationMs: '5ms, 1s' }, 1.005],
  ])('%j is a duration of %d seconds', (fields, seconds) => {
    const { durationSeconds, ignored } = read(request(fields));
    expect(durationSeconds).toBeCloseTo(seconds, 12);
    expect(ignored).toEqual([]);
  });

  test.each([[-1], ['-1'], ['-1.0'], ['-, -']])(
    'a duration of %j is absent and not an unusable one',
    (durationMs) => {
      expect(read(request({ durationMs }))).toMatchObject({ durationSeconds: undefined, ignored: [] });
    },
  );

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
