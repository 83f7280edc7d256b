import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { publicNames } from './public-names.ts';

/** Written by hand: a name leaves this list, or enters it, only on purpose. */
const LIST = 'exporter/test/public-names.txt';
const listed = readFileSync(new URL(`../../${LIST}`, import.meta.url), 'utf8')
  .trim()
  .split('\n');
const actual = await publicNames();

const missingFrom = (names: string[], others: string[]): string => {
  const known = new Set(names);
  return others.filter((name) => !known.has(name)).join('\n');
};

test('every listed public name still exists', () => {
  const vanished = missingFrom(actual, listed);
  if (vanished !== '')
    throw new Error(
      'Breaking change: users write these names into configurations, queries, rules and scripts, and they no ' +
        `longer exist:\n\n${vanished}\n\nKeep the names. If the break is intended, delete these lines from ${LIST} ` +
        'and describe the change in CHANGELOG.md, with what users have to replace.',
    );
});

test('every public name is listed', () => {
  const unlisted = missingFrom(listed, actual);
  if (unlisted !== '')
    throw new Error(
      `New public names, which later versions must keep:\n\n${unlisted}\n\nIf they are intended, add these lines to ${LIST}.`,
    );
});

test('the list of public names is sorted and has each name once', () => {
  expect(listed).toEqual([...new Set(listed)].sort());
});
