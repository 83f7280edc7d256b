import { expect, test } from '@jest/globals';
import { throttle } from '../../src/time/throttle.ts';

test('lets the first of each kind pass, then one per interval', () => {
  let now = 5;
  const due = throttle(100, () => now);
  expect([due('a'), due('a'), due('b')]).toEqual([true, false, true]);
  now = 104;
  expect(due('a')).toBe(false);
  now = 105;
  expect([due('a'), due('a'), due('b')]).toEqual([true, false, true]);
});
