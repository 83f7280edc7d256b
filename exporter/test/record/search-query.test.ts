import { expect, test } from '@jest/globals';
import { parseQuery, type QueryText } from '../../src/record/search-query.ts';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const span = (text: QueryText): string[] => {
  const { from, to } = parseQuery(text, NOW);
  return [from, to].map((ms) => new Date(ms).toISOString().replace(':00.000Z', ''));
};

test.each([
  ['2026-11-23', ['2026-11-23T00:00', '2026-11-24T00:00']],
  ['2026-11', ['2026-11-01T00:00', '2026-12-01T00:00']],
  ['2026Q4', ['2026-10-01T00:00', '2027-01-01T00:00']],
  ['2026', ['2026-01-01T00:00', '2027-01-01T00:00']],
  ['today', ['2026-11-25T00:00', '2026-11-26T00:00']],
])('from %s to the same is all of it, the last day included', (text, wanted) => {
  expect(span({ from: text, to: text })).toEqual(wanted);
});

test('a time that was over before 1970 is an empty one, and no mistake', () => {
  const { from, to } = parseQuery({ from: '1105Q4', to: '1105Q4' }, NOW);
  expect(to).toBe(from);
  expect(() => parseQuery({ from: '1105Q4', to: '1105Q3' }, NOW)).toThrow('from: is not before to');
});

test('a time has its offset, and is not included at the end; a duration is how long ago', () => {
  expect(span({ from: '2026-11-24T23:30:00+02:00', to: '2h' })).toEqual([
    '2026-11-24T21:30',
    '2026-11-25T08:00',
  ]);
});

test.each([
  '2026-02-30',
  '2026-02-30T10:00:00Z',
  '0026',
  '2026-13',
  '2026Q5',
  'yesterday',
  '2026-11-23T09:30:00',
  '2026-11-23T25:00:00Z',
])('%s is no time', (from) =>
  expect(() => parseQuery({ from }, NOW)).toThrow(/from: write UTC days such as/),
);

test.each(['key', 'tenant', 'endpoint', 'method', 'from'])(
  'an empty %s, as from a script whose variable is not set, is refused: no request is an answer to it',
  (name) => expect(() => parseQuery({ [name]: '' }, NOW)).toThrow(`${name}: it is empty`),
);
