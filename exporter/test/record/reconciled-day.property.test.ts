import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reconciledDay } from '../../src/record/reconciled-day.ts';
import type { DayRow } from '../../src/usage/changes.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';

const DAY = 20_000;
const OTHER = 0;
const STATUSES = [200, 401];

interface Line {
  key: number;
  status: number;
  /** It was first counted under `__other__`. */
  unnamed: boolean;
  counted: boolean;
  archived: boolean;
}

const line: fc.Arbitrary<Line> = fc.record({
  key: fc.constantFrom(OTHER, 1, 2, 3),
  status: fc.constantFrom(...STATUSES),
  unnamed: fc.boolean(),
  counted: fc.boolean(),
  archived: fc.boolean(),
});
const always = { counted: fc.constant(true), archived: fc.constant(true) };

function rowsOf(lines: Line[], keyOf: (line: Line) => number): DayRow[] {
  const figures = new Map<number, DayFigures>();
  for (const one of lines) {
    const key = keyOf(one);
    if (!figures.has(key)) figures.set(key, new DayFigures());
    figures.get(key)?.count(0, one.status, 1);
  }
  return Array.from(figures, ([key, figures]) => ({ key, day: DAY, figures }));
}

/** The day's requests of a status before and after, and the rows as they are then. */
function rebuild(lines: Line[]) {
  const before = new Map(
    rowsOf(
      lines.filter(({ counted }) => counted),
      ({ key, unnamed }) => (unnamed ? OTHER : key),
    ).map(({ key, figures }) => [key, figures]),
  );
  const archived = rowsOf(
    lines.filter((one) => one.archived),
    ({ key }) => key,
  );
  const after = new Map(before);
  const rows = reconciledDay(DAY, archived, (key) => before.get(key), OTHER);
  for (const { key, figures, verdict } of rows) if (verdict === 'different') after.set(key, figures);
  const again = reconciledDay(DAY, archived, (key) => after.get(key), OTHER);
  return { before, after, again };
}

const requests = (rows: Map<number, DayFigures>, status: number): number =>
  [...rows.values()].reduce((sum, { statuses }) => sum + (statuses.get(status) ?? 0), 0);

test('a rebuilt day has no request twice and loses none, whatever was lost of the store and of the archive', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
      const { before, after, again } = rebuild(lines);
      for (const status of STATUSES) {
        const known = lines.filter((one) => one.status === status && (one.counted || one.archived));
        expect(requests(after, status)).toBeGreaterThanOrEqual(requests(before, status));
        expect(requests(after, status)).toBeLessThanOrEqual(known.length);
      }
      for (const { verdict } of again) expect(verdict).not.toBe('different');
    }),
  );
});

test('a day that the archive holds whole is what the archive says, and one counted whole gets no more requests', () => {
  const lines = (given: Partial<typeof always>) =>
    fc.array(
      fc.tuple(line, fc.record(given)).map(([one, same]): Line => ({ ...one, ...same })),
      { maxLength: 40 },
    );
  fc.assert(
    fc.property(lines({ archived: always.archived }), (all) => {
      const { after } = rebuild(all);
      for (const key of [OTHER, 1, 2, 3])
        expect(after.get(key)?.requests ?? 0).toBe(all.filter((one) => one.key === key).length);
    }),
  );
  fc.assert(
    fc.property(lines({ counted: always.counted }), (all) => {
      const { before, after } = rebuild(all);
      for (const status of STATUSES) expect(requests(after, status)).toBe(requests(before, status));
    }),
  );
});
