import { describe, expect, test } from '@jest/globals';
import { parseCidr } from '../../src/parse/network.ts';
import { epochMs, parseTimestamp } from '../../src/parse/timestamp.ts';
import { reader } from './reading.ts';

const parse = (text: string): number => {
  const bytes = Buffer.from(`9${text}9`);
  return parseTimestamp(bytes, 1, bytes.length - 1);
};

describe('the unit of an epoch number changes at its limits', () => {
  test.each([
    [0, 0],
    [1e11 - 1, (1e11 - 1) * 1000],
    [1e11, 1e11],
    [1e14 - 1, 1e14 - 1],
    [1e14, 1e11],
    [1e17 - 16, (1e17 - 16) / 1000],
    [1e17, 1e11],
    [1e20, Number.NaN],
    [-1, Number.NaN],
    [Number.NaN, Number.NaN],
  ])('%s', (value, ms) => {
    expect(epochMs(value)).toBe(ms);
  });
});

describe('a time of day', () => {
  test('with milliseconds ends at second 59, or 60 for a leap second', () => {
    expect(parse('2016-12-31T23:59:59.345Z')).toBe(Date.UTC(2016, 11, 31, 23, 59, 59, 345));
    expect(parse('2016-12-31T23:59:60.345Z')).toBe(Date.UTC(2017, 0, 1, 0, 0, 0, 345));
    expect(parse('2016-12-31T23:59:61.345Z')).toBeNaN();
  });

  test('takes hours of an offset up to 23 and minutes up to 59', () => {
    const at = Date.UTC(2026, 4, 4, 0, 0);
    expect(parse('2026-05-04T23:59:00+23:59')).toBe(at);
    expect(parse('2026-05-04T23:59:00+24:00')).toBeNaN();
    expect(parse('2026-05-04T23:59:00+00:60')).toBeNaN();
  });

  test('takes each digit of a fraction, 0 and 9 included', () => {
    expect(parse('2026-05-04T00:00:00.09Z')).toBe(Date.UTC(2026, 4, 4) + 90);
    expect(parse('2026-05-04T00:00:00.9090Z')).toBeCloseTo(Date.UTC(2026, 4, 4) + 909, 6);
    expect(parse('2026-05-04T00:00:00.9:Z')).toBeNaN();
    expect(parse('2026-05-04T00:00:00./Z')).toBeNaN();
  });
});

test('a network without a prefix is one address, an IPv6 one too', () => {
  expect(parseCidr('192.0.2.1')).toMatchObject({ family: 4, prefix: 32 });
  expect(parseCidr('2001:db8::1')).toMatchObject({ family: 6, prefix: 128 });
  expect(parseCidr('::ffff:192.0.2.1')).toMatchObject({ family: 4, prefix: 32 });
  expect(parseCidr('192.0.2.0/0')).toMatchObject({ family: 4, prefix: 0 });
  expect(parseCidr('::ffff:192.0.2.0/95')).toBeUndefined();
});

test('an access log with several proxies before the user is read with the address of the rightmost public one', () => {
  const read = reader({ format: 'combined' });
  const rest = '- key_a [04/May/2026:10:11:12 +0000] "GET /v1/contacts HTTP/1.1" 200 12';
  expect(read(`192.0.2.1, 198.51.100.2, 203.0.113.3 ${rest}`)).toMatchObject({
    ...{ outcome: 'accepted', ip: '203.0.113.3', key: 'key_a', status: 200 },
  });
});

test('a wanted string of JSON that does not end makes the line malformed', () => {
  const read = reader();
  expect(
    read('{"timestamp":"2026-05-04T10:11:12Z","endpoint":"/v1/contacts","status":200,"keyId":"key_a').outcome,
  ).not.toBe('accepted');
});
