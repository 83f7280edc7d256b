import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TimeZone } from '../../src/parse/time-zone.ts';
import { parseTimestamp } from '../../src/parse/timestamp.ts';
import { RUNS, reader, request } from './reading.ts';

const ZONES = [
  ...['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Santiago'],
  ...['Africa/Casablanca', 'Pacific/Apia', 'Antarctica/Troll', 'Asia/Tehran', 'Asia/Gaza', 'UTC'],
];
const zones = new Map(ZONES.map((name) => [name, new TimeZone(name)]));

/** The local time of an instant as Intl writes it: the oracle. */
const formats = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
  ]),
);
const localOf = (zone: string, ms: number): string => formats.get(zone)!.format(ms).replace('T', ' ');
const parsed = (zone: string, text: string): number => {
  const bytes = Buffer.from(text);
  return parseTimestamp(bytes, 0, bytes.length, zones.get(zone));
};

describe('a time without offset', () => {
  test.each([
    ['Europe/Berlin', '2026-01-04 10:11:12', '2026-01-04T09:11:12Z'],
    ['Europe/Berlin', '2026-07-04T10:11:12', '2026-07-04T08:11:12Z'],
    ['Europe/Berlin', '2026/07/04 10:11:12.5', '2026-07-04T08:11:12.5Z'],
    ['Europe/Berlin', '04/Jul/2026:10:11:12', '2026-07-04T08:11:12Z'],
    ['Europe/Berlin', '20260704T101112', '2026-07-04T08:11:12Z'],
    ['Europe/Berlin', '2026-07-04T10:11', '2026-07-04T08:11:00Z'],
    ['Europe/Berlin', 'Sat Jul  4 10:11:12 2026', '2026-07-04T08:11:12Z'],
    // Skipped: read with the offset from before the change.
    ['Europe/Berlin', '2026-03-29 01:59:59', '2026-03-29T00:59:59Z'],
    ['Europe/Berlin', '2026-03-29 02:30:00', '2026-03-29T01:30:00Z'],
    ['Europe/Berlin', '2026-03-29 03:00:00', '2026-03-29T01:00:00Z'],
    // Twice: the first of the two.
    ['Europe/Berlin', '2026-10-25 02:30:00', '2026-10-25T00:30:00Z'],
    ['Europe/Berlin', '2026-10-25 02:59:59', '2026-10-25T00:59:59Z'],
    ['Europe/Berlin', '2026-10-25 03:00:00', '2026-10-25T02:00:00Z'],
    ['America/New_York', '2026-11-01 01:30:00', '2026-11-01T05:30:00Z'],
    ['America/New_York', '2026-03-08 02:30:00', '2026-03-08T07:30:00Z'],
    // Half an hour only.
    ['Australia/Lord_Howe', '2026-04-05 01:29:59', '2026-04-04T14:29:59Z'],
    ['Australia/Lord_Howe', '2026-04-05 01:45:00', '2026-04-04T14:45:00Z'],
    ['Asia/Kolkata', '2026-05-04 15:41:12', '2026-05-04T10:11:12Z'],
  ])('in %s %s is %s', (zone, text, instant) => {
    zones.set(zone, zones.get(zone) ?? new TimeZone(zone));
    expect(parsed(zone, text)).toBe(Date.parse(instant));
  });

  test.each([
    ['2026-07-04T10:11:12Z'],
    ['2026-07-04T12:11:12+02:00'],
    ['04/Jul/2026:10:11:12 +0000'],
    ['Sat, 04 Jul 2026 10:11:12 GMT'],
    ['2026-07-04 10:11:12 UTC'],
    ['1783159872'],
    ['1783159872000'],
  ])('%s has one, so the zone changes nothing', (text) => {
    expect(parsed('America/New_York', text)).toBe(Date.parse('2026-07-04T10:11:12Z'));
  });

  test('is local in date and time fields and in JSON, by the source', () => {
    const read = reader({ timezone: 'Europe/Berlin' });
    const expected = { outcome: 'accepted', timestampMs: Date.parse('2026-07-04T08:11:12Z') };
    expect(read(request({ timestamp: '2026-07-04 10:11:12' }))).toMatchObject(expected);
    const two = { timestamp: undefined, date: '2026-07-04', time: '10:11:12' };
    expect(read(request(two))).toMatchObject(expected);
    expect(read(request({ timestamp: 1783152672 }))).toMatchObject(expected);
    expect(reader()(request({ timestamp: '2026-07-04 08:11:12' }))).toMatchObject(expected);
  });

  test('is the instant, or the first of the instants, that Intl shows with this local time', () => {
    const instant = fc.integer({
      min: Date.UTC(2020, 0, 1) / 1000,
      max: Date.UTC(2030, 11, 31) / 1000,
    });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, (zone, seconds) => {
        const text = localOf(zone, seconds * 1000);
        const read = parsed(zone, text);
        expect(localOf(zone, read)).toBe(text);
        expect(read).toBeLessThanOrEqual(seconds * 1000);
        expect(seconds * 1000 - read).toBeLessThanOrEqual(2 * 3_600_000);
      }),
      { numRuns: 2 * RUNS },
    );
  });

  test('is so at every quarter of an hour around every change of the clocks', () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Antarctica/Troll'])
      for (const month of [2, 3, 9, 10])
        for (let s = Date.UTC(2026, month, 1); s < Date.UTC(2026, month + 1, 1); s += 900_000) {
          const text = localOf(zone, s);
          const read = parsed(zone, text);
          if (localOf(zone, read) !== text || read > s) throw new Error(`${zone} ${text}`);
        }
  });
});

test.each([
  ['Europe/Berln', 'did you mean Europe/Berlin?'],
  ['Mars/Olympus', 'write an IANA name such as Europe/Berlin, or UTC'],
  ['+02:00', 'write an IANA name'],
])('%s is no zone, and what to write is said', (name, remedy) => {
  expect(() => new TimeZone(name)).toThrow(`timezone: ${JSON.stringify(name)} is no time zone`);
  expect(() => new TimeZone(name)).toThrow(remedy);
});
