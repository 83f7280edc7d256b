import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RUNS, reader, request } from './reading.ts';

const docs = readFileSync(new URL('../../../docs/log-formats.md', import.meta.url), 'utf8');
const table = docs.slice(docs.indexOf('<!-- times:begin -->'), docs.indexOf('<!-- times:end -->'));
const rows = [...table.matchAll(/^\| ([^|]+) \| `([^`]+)`(?: and `([^`]+)`)? \| `([^`]+)` \|$/gm)].map(
  ([, form, first, second, instant]) => ({ form, first, second, instant }),
);

test('the table has rows', () => {
  expect(rows.length).toBeGreaterThan(20);
});

test.each(rows)(
  '$form: $first $second is $instant, as docs/log-formats.md says',
  ({ first, second, instant }) => {
    const fields =
      second === undefined ? { timestamp: first } : { timestamp: undefined, date: first, time: second };
    const json = reader()(request(fields));
    expect(json.outcome).toBe('accepted');
    expect(new Date(Math.floor(json.timestampMs)).toISOString()).toBe(instant);
    const logfmt = second === undefined ? `timestamp="${first}"` : `date="${first}" time="${second}"`;
    expect(reader({ format: 'logfmt' })(`${logfmt} endpoint=/v1/a status=200`).timestampMs).toBe(
      json.timestampMs,
    );
    const groups = second === undefined ? '(?<timestamp>[^|]+)' : String.raw`(?<date>[^|]+)\|(?<time>[^|]+)`;
    const pattern = String.raw`^${groups}\|(?<endpoint>\S+) (?<status>\d+)$`;
    const line = [first, second, '/v1/a 200'].filter(Boolean).join('|');
    expect(reader({ format: 'pattern', pattern })(line).timestampMs).toBe(json.timestampMs);
    if (/^[\d.]+$/.test(first) && second === undefined)
      expect(reader()(request({ timestamp: Number(first) })).timestampMs).toBe(json.timestampMs);
  },
);

const two = (n: number): string => String(n).padStart(2, '0');
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const clock = (d: Date): string => d.toISOString().slice(11, 19);

/** Every form, written from an instant of whole seconds. */
const FORMS: Record<string, (d: Date) => Record<string, unknown>> = {
  iso: (d) => ({ timestamp: d.toISOString() }),
  slashes: (d) => ({ timestamp: `${d.toISOString().slice(0, 10).replaceAll('-', '/')} ${clock(d)}` }),
  webServer: (d) => ({
    timestamp: `${two(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}:${clock(d)} +0000`,
  }),
  rfc1123: (d) => ({ timestamp: d.toUTCString() }),
  rfc850: (d) => ({
    timestamp: `${DAYS[d.getUTCDay()]}, ${two(d.getUTCDate())}-${MONTHS[d.getUTCMonth()]}-${two(d.getUTCFullYear() % 100)} ${clock(d)} GMT`,
  }),
  asctime: (d) => ({
    timestamp: `${DAYS[d.getUTCDay()].slice(0, 3)} ${MONTHS[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2)} ${clock(d)} ${d.getUTCFullYear()}`,
  }),
  seconds: (d) => ({ timestamp: d.getTime() / 1000 }),
  nanoseconds: (d) => ({ timestamp: `${d.getTime()}000000` }),
  dateAndTime: (d) => ({ date: d.toISOString().slice(0, 10), time: clock(d) }),
};

test('every form means the instant it was written from', () => {
  const read = reader();
  const seconds = fc.integer({ min: Date.UTC(1976, 0, 1) / 1000, max: Date.UTC(2065, 0, 1) / 1000 });
  fc.assert(
    fc.property(seconds, fc.constantFrom(...Object.keys(FORMS)), (at, form) => {
      const line = request({ timestamp: undefined, ...FORMS[form](new Date(at * 1000)) });
      expect(read(line)).toMatchObject({ outcome: 'accepted', timestampMs: at * 1000 });
    }),
    { numRuns: 2 * RUNS },
  );
});

test.each([
  [{ date: '2026-05-04' }, 'missing_field'],
  [{ time: '10:11:12' }, 'missing_field'],
  [{ date: '2026-05-04', time: '25:11:12' }, 'bad_timestamp'],
  [{ date: '2026-02-30', time: '10:11:12' }, 'bad_timestamp'],
  [{ date: 'x'.repeat(1000), time: '10:11:12' }, 'bad_timestamp'],
  [{ date: {}, time: '10:11:12' }, 'wrong_type'],
  [{ timestamp: 'Mon, 32 May 2026 10:11:12 GMT' }, 'bad_timestamp'],
  [{ timestamp: 'Mon, 04 Foo 2026 10:11:12 GMT' }, 'bad_timestamp'],
  [{ timestamp: 'Mon, 04 May 2026 10:11:12 ABC' }, 'bad_timestamp'],
  [{ timestamp: '2026/05-04 10:11:12' }, 'bad_timestamp'],
])('%j is %s', (fields, outcome) => {
  expect(reader()(request({ timestamp: undefined, ...fields })).outcome).toBe(outcome);
});

test('a line of oauth2-proxy is read with a pattern', () => {
  const pattern = String.raw`^(?<ip>\S+) - \S+ - (?<keyId>\S+) \[(?<timestamp>[^\]]+)\] \S+ (?<method>\S+) \S+ "(?<endpoint>[^"]*)" \S+ "(?<userAgent>[^"]*)" (?<status>\d+) (?<bytes>\d+) (?<durationSeconds>\S+)$`;
  const line =
    '192.0.2.1:5544 - 8af1 - crm@example.test [2026/05/04 10:11:12] api.example.test GET - "/v1/a" HTTP/1.1 "curl/8" 200 12 0.003';
  expect(reader({ format: 'pattern', pattern })(line)).toMatchObject({
    ...{ outcome: 'accepted', key: 'crm@example.test', ip: '192.0.2.1', durationSeconds: 0.003 },
    ...{ timestampMs: Date.UTC(2026, 4, 4, 10, 11, 12), template: '/v1/a' },
  });
});

test('a line of Traefik has its nanoseconds, one of Go its unit, one of nginx the sum of its attempts', () => {
  const traefik = reader({
    fields: {
      ...{ timestamp: 'StartUTC', ip: 'ClientHost', method: 'RequestMethod', endpoint: 'RequestPath' },
      ...{ status: 'DownstreamStatus', durationNs: 'Duration', keyId: 'request_X-Api-Key' },
    },
  });
  expect(
    traefik(
      '{"StartUTC":"2026-05-04T10:11:12.2Z","ClientHost":"192.0.2.9","RequestMethod":"GET","RequestPath":"/v1/a","DownstreamStatus":200,"Duration":433331475,"request_X-Api-Key":"key_t"}',
    ),
  ).toMatchObject({ outcome: 'accepted', durationSeconds: 0.433331475, key: 'key_t', ip: '192.0.2.9' });
  const go = reader({
    format: 'logfmt',
    fields: { timestamp: 't', keyId: 'uname', endpoint: 'path', durationMs: 'duration' },
  });
  expect(
    go('t=2026-05-04T10:11:12Z uname=k method=GET path=/v1/a status=200 duration=360.541µs').durationSeconds,
  ).toBeCloseTo(0.000360541, 12);
  const nginx = reader({ fields: { timestamp: 'time', durationSeconds: 'upstream', keyId: 'key' } });
  expect(
    nginx(
      '{"time":"2026-05-04T10:11:12Z","request":"GET /v1/n HTTP/1.1","status":"200","upstream":"0.005, 0.019","key":"key_n"}',
    ).durationSeconds,
  ).toBeCloseTo(0.024, 12);
});

test('fields with dots that are too many are refused, not mixed up', () => {
  const fields = Object.fromEntries(
    'timestamp keyId method endpoint status ip tenantId durationMs durationSeconds bytes userAgent requestId request date time'
      .split(' ')
      .map((name) => [name, `a.${name}`]),
  );
  expect(() => reader({ fields })).toThrow(/fields\.time: .*at most 14/);
});
