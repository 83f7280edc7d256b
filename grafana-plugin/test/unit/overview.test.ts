import fc from 'fast-check';
import {
  COLUMN_NAMES,
  columnsThatFit,
  isStacked,
  sortingAfterClick,
  sortKeys,
  WORST_FIRST,
} from '../../src/overview/columns.ts';
import { csvOf } from '../../src/overview/csv.ts';
import { countStates, inStates, matchingExceptState, NO_FILTERS } from '../../src/overview/filters.ts';
import { keyFrames, listOf, NOW } from './frames.ts';

const { keys } = listOf(
  keyFrames([
    { id: 'a', statuses: { 200: 50 }, info: { name: 'Zebra', owner: 'crm' } },
    { id: 'b', statuses: { 200: 50, 500: 50 }, info: { name: 'Älpha', owner: '', environment: 'sandbox' } },
    { id: 'c', statuses: { 200: 900, 429: 100 }, info: { name: 'key 10' } },
    { id: 'd', statuses: { 200: 500 }, info: { name: 'key 9' } },
    {
      id: 'e',
      statuses: { 200: 0 },
      facts: [{ __name__: 'atender_key_last_used_timestamp_seconds', value: NOW - 40 * 86_400 }],
    },
  ]),
);
const ids = (list: typeof keys) => list.map(({ id }) => id).join('');

describe('sorting', () => {
  test('is worst first by default, then by requests', () => {
    expect(ids(sortKeys(keys, WORST_FIRST))).toBe('bceda');
  });

  test('sorts texts from A to Z, and numbers in names by value', () => {
    expect(ids(sortKeys(keys, { column: 'key', reversed: false }))).toBe('bdcea');
  });

  test('sorts numbers from the highest, and a second click reverses the order', () => {
    const first = sortingAfterClick(WORST_FIRST, 'requests');
    expect(ids(sortKeys(keys, first))).toBe('cdbae');
    expect(ids(sortKeys(keys, sortingAfterClick(first, 'requests')))).toBe('eabdc');
  });

  test('puts unknown and empty values last in both orders', () => {
    for (const reversed of [false, true]) {
      expect(ids(sortKeys(keys, { column: 'owner', reversed })).at(-1)).toBe('b');
      expect(ids(sortKeys(keys, { column: 'throttled', reversed })).at(-1)).toBe('e');
    }
  });

  test.each(COLUMN_NAMES)('by %s keeps every key', (column) => {
    expect([...ids(sortKeys(keys, { column, reversed: false }))].sort().join('')).toBe('abcde');
  });
});

describe('filters', () => {
  test('the search matches name, id and owner without case and accents, and requires all words', () => {
    expect(ids(matchingExceptState(keys, { ...NO_FILTERS, search: 'ALPH' }))).toBe('b');
    expect(ids(matchingExceptState(keys, { ...NO_FILTERS, search: 'zebra crm' }))).toBe('a');
    expect(ids(matchingExceptState(keys, { ...NO_FILTERS, search: 'zebra team' }))).toBe('');
    expect(ids(matchingExceptState(keys, { ...NO_FILTERS, search: 'ze\u200fbra' }))).toBe('a');
  });

  test('a facet filters keys, and no chosen value matches all', () => {
    expect(ids(matchingExceptState(keys, { ...NO_FILTERS, environment: ['sandbox'] }))).toBe('b');
    expect(ids(matchingExceptState(keys, NO_FILTERS))).toBe('abcde');
  });

  test('counts per state are worst first and include a chosen state without keys', () => {
    expect(countStates(keys, ['silent'])).toEqual([
      { state: 'failing', count: 1 },
      { state: 'silent', count: 0 },
      { state: 'throttled', count: 1 },
      { state: 'stale', count: 1 },
      { state: 'healthy', count: 2 },
    ]);
    expect(ids(inStates(keys, ['failing', 'stale']))).toBe('be');
  });
});

describe('columns', () => {
  test('all are shown if they fit, state and key always', () => {
    expect(columnsThatFit(COLUMN_NAMES, 1600)).toEqual([...COLUMN_NAMES]);
    expect(columnsThatFit(COLUMN_NAMES, 300)).toEqual(['state', 'key']);
    expect(columnsThatFit([], 2000)).toEqual(['state', 'key']);
  });

  test('are stacked if both do not fit', () => {
    expect([200, 315, 316, 1600].map(isStacked)).toEqual([true, true, false, false]);
  });

  test('never become fewer in a wider panel', () => {
    let before = 0;
    for (let width = 200; width < 1700; width += 10) {
      const { length } = columnsThatFit(COLUMN_NAMES, width);
      expect(length).toBeGreaterThanOrEqual(before);
      before = length;
    }
  });
});

describe('the copied CSV', () => {
  const csv = (name: string) => {
    const [key] = listOf(keyFrames([{ id: 'k', info: { name } }])).keys;
    return csvOf(key ? [key] : []);
  };
  const cells = (text: string) => text.split('\r\n')[1] as string;

  test('has a header and one line per key', () => {
    expect(csvOf(keys).trimEnd().split('\r\n')).toHaveLength(keys.length + 1);
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t1', '\r1', ' =1', '＝1'])(
    'has no formula for the name %j',
    (name) => {
      expect(cells(csv(name))).toContain(`'${name}`);
    },
  );

  test('quotes commas, quotes and line breaks', () => {
    expect(csv('a,"b"\nc')).toContain('"a,""b""\nc"');
  });

  test.each(['\t=1', '\r=1', 'x\t=1+1\t', 'x\n=1+1\n', 'x\r\n @SUM(A1)', 'x;=1+1;', 'x\t\t＝1'])(
    'has no formula if a pasted %j starts a cell within a quoted one',
    (name) => {
      for (const part of csv(name).split(/[\t\r\n;]/)) expect(part).not.toMatch(/^\s*[=+\-@＝＋－＠]/);
    },
  );

  test('keeps names that are no formula', () => {
    expect(cells(csv('a - b = c; d'))).toContain('"a - b = c; d"');
  });

  test('starts no cell with a formula for any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const [key] = keys;
        const text = csvOf(key ? [{ ...key, title: name, owner: name }] : []);
        for (const cell of unquoted(text))
          if (Number.isNaN(Number(cell))) expect(cell).not.toMatch(/^\s*[=+\-@]/);
      }),
    );
  });
});

/** Cells of a CSV text, unquoted. */
function unquoted(text: string): string[] {
  return [...text.matchAll(/(?:^|,|\r\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}
