import { expect, test } from '@jest/globals';
import { parseDuration } from '../../src/time/duration.ts';

test.each([
  ['0', 0],
  ['250ms', 0.25],
  ['90s', 90],
  ['1h30m', 5_400],
  ['1.5h', 5_400],
  ['30d', 2_592_000],
  ['2w', 1_209_600],
  [' 5m ', 300],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', ' ', '5', 'm', '5 m', '-5m', '5y', '1h 30m', '1e3s', 'NaNs'])('%j is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow(/no duration/);
});
