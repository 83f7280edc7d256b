import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTimestamp } from '../../src/parse/timestamp.ts';
import { RUNS } from './reading.ts';

const parse = (text: string): number => {
  const bytes = Buffer.from(`9${text}9`);
  return parseTimestamp(bytes, 1, bytes.length - 1);
};
const AT = Date.UTC(2026, 4, 4, 10, 11, 12);

describe('a timestamp', () => {
  test.each([
    ['2026-05-04T10:11:12Z', AT],
    ['2026-05-04T10:11:12z', AT],
    ['2026-05-04t10:11:12', AT],
    ['2026-05-04 10:11:12', AT],
    ['2026-05-04T10:11:12.5Z', AT + 500],
    ['2026-05-04T10:11:12,345+00:00', AT + 345],
    ['2026-05-04T10:11:12.123456789Z', AT + 123.456789],
    ['2026-05-04T12:11:12+02:00', AT],
    ['2026-05-04T12:11:12+0200', AT],
    ['2026-05-04T12:11:12+02', AT],
    ['2026-05-04 05:41:12 -0430', AT],
    ['2026-05-05T00:11:12+14:00', AT],
    ['2026-05-04T10:11Z', AT - 12_000],
    ['2026-05-04T10:11', AT - 12_000],
    ['2026-05-04 12:11+02:00', AT - 12_000],
    ['20260504T101112Z', AT],
    ['20260504T121112.25+0200', AT + 250],
    ['04/May/2026:10:11:12 +0000', AT],
    ['04/may/2026:03:11:12 -0700', AT],
    ['10/Oct/2000:13:55:36 -0700', Date.UTC(2000, 9, 10, 20, 55, 36)],
    ['1777889472', AT],
    ['1777889472.25', AT + 250],
    ['1777889472345', AT + 345],
    ['1777889472345678', AT + 345.678],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['1970-01-01T00:00:00Z', 0],
    ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('%s is read', (text, ms) => {
    expect(parse(text)).toBeCloseTo(ms, 3);
  });

  test('in nanoseconds is read as far as a double can tell', () => {
    expect(Math.abs(parse('1777889472345678901') - (AT + 345.678901))).toBeLessThan(0.001);
  });

  test.each([
    [''],
    ['now'],
    ['2026-05-04'],
    ['2026-05-04T10:1'],
    ['2026-05-04T10:11:'],
    ['2026-05-04T10:11.5Z'],
    ['2026-05-04T10:61Z'],
    ['2026-05-04T10:11+2'],
    ['2026-13-01T00:00:00Z'],
    ['2026-00-01T00:00:00Z'],
    ['2026-02-30T00:00:00Z'],
    ['2025-02-29T00:00:00Z'],
    ['2026-05-04T25:00:00Z'],
    ['2026-05-04T24:00:00Z'],
    ['2026-05-04T10:60:00Z'],
    ['2026-05-04T10:11:61Z'],
    ['2026-05-04T10:11:12+24:00'],
    ['2026-05-04T10:11:12+02:60'],
    ['2026-05-04T10:11:12+2'],
    ['2026-05-04T10:11:12.Z'],
    ['2026-05-04T10:11:12ZZ'],
    ['2026-05-04T10:11:12 '],
    ['2026-05-04X10:11:12Z'],
    ['2026/05/04T10:11:12Z'],
    ['202a-05-04T10:11:12Z'],
    ['1969-12-31T23:59:59Z'],
    ['0001-01-01T00:00:00Z'],
    ['31/Apr/2026:10:11:12 +0000'],
    ['04/Foo/2026:10:11:12 +0000'],
    ['04/May/2026 10:11:12 +0000'],
    ['-1777889472'],
    ['1e30'],
    ['NaN'],
    ['Infinity'],
  ])('%j is none', (text) => {
    expect(parse(text)).toBeNaN();
  });

  test('is not read from the cache of a like one', () => {
    expect(parse('2026-05-04T10:11:12Z')).toBe(AT);
    expect(parse('2026-05-04T10:11x12Z')).toBeNaN();
    expect(parse('2026-05-04T10:12:12Z')).toBe(AT + 60_000);
    expect(parse('2026-15-04T10:12:12Z')).toBeNaN();
    expect(parse('2026-05-05T10:12:12Z')).toBe(AT + 86_460_000);
  });

  test('in every ISO form means what Date says it means', () => {
    const date = fc.date({
      min: new Date('1970-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        date,
        fc.integer({ min: -1439, max: 1439 }),
        fc.constantFrom('T', ' '),
        (at, offset, between) => {
          const local = new Date(at.getTime() + offset * 60_000)
            .toISOString()
            .slice(0, -1)
            .replace('T', between);
          const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, '0');
          const minutes = String(Math.abs(offset) % 60).padStart(2, '0');
          expect(parse(`${local}${offset < 0 ? '-' : '+'}${hours}:${minutes}`)).toBe(at.getTime());
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('as a number of seconds, ms or µs after 1973 is told apart by its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e8, max: 99_999_999_999 }), (seconds) => {
        expect(parse(String(seconds))).toBe(seconds * 1000);
        expect(parse(String(seconds * 1000))).toBe(seconds * 1000);
        expect(parse(String(seconds * 1e6))).toBe(seconds * 1000);
      }),
      { numRuns: RUNS },
    );
  });
});
