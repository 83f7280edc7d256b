import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { before, GRAINS, periodsOf, yearBefore } from '../../src/history/periods.ts';
import { type Days, dateOf, parseDays, quarterOf } from '../../src/time/days.ts';

const day = (text: string): number => Date.parse(text) / 86_400_000;
const days = (from: string, to: string): Days => ({ from: day(from), to: day(to) });
/** Cut, or still going on. */
const part = (from: string, to: string) => ({ ...days(from, to), whole: false });
const whole = (from: string, to: string) => ({ ...days(from, to), whole: true });
const shown = ({ from, to }: Days): string => `${dateOf(from)} ${dateOf(to)}`;

describe('periods', () => {
  test('cover every day asked for once, in order, whatever the grain', () => {
    const asked = fc.record({ from: fc.integer({ min: 0, max: 60_000 }), length: fc.nat(1_500) });
    fc.assert(
      fc.property(asked, fc.constantFrom(...GRAINS), ({ from, length }, grain) => {
        const periods = periodsOf(grain, { from, to: from + length });
        expect(periods[0].from).toBe(from);
        expect(periods.at(-1)?.to).toBe(from + length);
        for (const [i, period] of periods.entries()) {
          expect(period.to).toBeGreaterThanOrEqual(period.from);
          if (i > 0) expect(period.from).toBe(periods[i - 1].to + 1);
        }
        expect(new Set(periods.map(({ name }) => name)).size).toBe(periods.length);
      }),
    );
  });

  test('are named as people write them, weeks by ISO 8601', () => {
    const names = GRAINS.map((grain) => periodsOf(grain, days('2027-01-01', '2027-01-01'))[0].name);
    expect(names).toEqual(['2027-01-01', '2026-W53', '2027-01', '2027']);
    expect(quarterOf(day('2026-11-23'))).toBe('2026Q4');
  });

  test('one that is cut says so', () => {
    const cut = periodsOf('month', days('2026-10-01', '2026-11-23')).map(({ name, whole }) => [name, whole]);
    expect(cut).toEqual([
      ['2026-10', true],
      ['2026-11', false],
    ]);
  });
});

describe('a period is compared', () => {
  test('with the one before it, a running month with as many days of the month before', () => {
    expect(shown(before('month', part('2026-11-01', '2026-11-23')))).toBe('2026-10-01 2026-10-23');
    expect(shown(before('month', whole('2026-11-01', '2026-11-30')))).toBe('2026-10-01 2026-10-31');
    expect(shown(before('month', part('2026-03-01', '2026-03-30')))).toBe('2026-02-01 2026-02-28');
    expect(shown(before('week', part('2026-11-23', '2026-11-25')))).toBe('2026-11-16 2026-11-18');
    expect(shown(before('year', part('2026-01-01', '2026-11-23')))).toBe('2025-01-01 2025-11-23');
  });

  test('with as many days also when its last one ends the month', () => {
    expect(shown(before('month', part('2026-11-01', '2026-11-30')))).toBe('2026-10-01 2026-10-30');
    expect(shown(before('month', part('2028-02-29', '2028-02-29')))).toBe('2028-01-29 2028-01-29');
    expect(shown(yearBefore('month', part('2029-02-01', '2029-02-28')))).toBe('2028-02-01 2028-02-28');
    expect(shown(yearBefore('year', part('2028-02-29', '2028-02-29')))).toBe('2027-02-28 2027-02-28');
  });

  test('with last year: the same dates, or for days and weeks the same weekdays', () => {
    expect(shown(yearBefore('month', whole('2028-02-01', '2028-02-29')))).toBe('2027-02-01 2027-02-28');
    expect(shown(yearBefore('day', whole('2026-11-23', '2026-11-23')))).toBe('2025-11-24 2025-11-24');
  });
});

test('days are written as a date, a month, a quarter, a year or today; anything else is refused', () => {
  const read = (text: string) => parseDays(text, day('2026-11-23'));
  expect(
    ['today', '2026-11-23', '2026-02', '2026Q4', '2026'].map((text) => shown(read(text) as Days)),
  ).toEqual([
    '2026-11-23 2026-11-23',
    '2026-11-23 2026-11-23',
    '2026-02-01 2026-02-28',
    '2026-10-01 2026-12-31',
    '2026-01-01 2026-12-31',
  ]);
  for (const text of ['', '0026', '2026-13', '2026-02-30', '26', '2026Q5', '2026-1-1', 'x'])
    expect(read(text)).toBeUndefined();
});
