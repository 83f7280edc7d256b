import { expect, test } from '@jest/globals';
import { noContribution } from '../../src/shared/contribution.ts';
import { MergedKey } from '../../src/shared/merged-key.ts';

const NOW = 1_800_000_000;
const ROW = { key: 0, id: 'key_a', tenant: 't' };
const NEWS: [string, string][] = [
  ['<news:c0000201', `${NOW - 5}|b`],
  ['<noticed:c0000201', `${NOW - 5}|192.0.2.0/24`],
];

/** What is new of a key that this exporter has joined its own news into; `over` = beyond the limit of addresses. */
function newIps(firstSeen: [string, string][], over: [string, string][] = []): string[] {
  const empty = { facts: new Map(over), windows: new Map(), sketches: new Map() };
  const listed = { hour: 1, day: 1, month: 1 };
  const mergedKey = new MergedKey({ ...empty, listed, firstSeen: new Map(firstSeen) });
  mergedKey.join({ ...noContribution('t/key_a'), facts: new Map(NEWS) });
  return mergedKey.factsAt(NOW, 2, ROW).recentNewIps.map(({ ip }) => ip);
}

test('what this exporter noticed is no news before Redis has told who saw the address first', () => {
  expect(newIps([])).toEqual([]);
  expect(newIps([['<news:c0000201', String(NOW - 5)]])).toEqual(['192.0.2.0/24']);
  expect(newIps([['<news:c0000201', String(NOW - 60)]])).toEqual([]);
});

test('beyond the limit, where Redis tells of no address, it is news at once', () => {
  expect(newIps([], [['>over', '1']])).toEqual(['192.0.2.0/24']);
});
