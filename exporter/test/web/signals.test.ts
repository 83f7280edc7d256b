import { expect, test } from '@jest/globals';
import { stateOf } from '../../src/health/state.ts';
import { parseKeysFile } from '../../src/keys/keys-file.ts';
import { type KeyFacts, MINUTE_CLASSES, type MinuteClass } from '../../src/usage/key-facts.ts';
import { signalsOf, windowOf } from '../../src/web/signals.ts';

const NOW = 1_780_000_000;
const MINUTE = Math.floor(NOW / 60);
const CONTEXT = {
  now: NOW,
  recordedSince: Number.NaN,
  pipelineAlive: true,
  retiredAt: Number.NaN,
  successor: undefined,
  predecessor: undefined,
};

/** Facts of a key with these requests, each [class, minutes ago, how many]. */
function facts(requests: [MinuteClass, number, number][], changes: Partial<KeyFacts> = {}): KeyFacts {
  const counts = new Uint32Array(MINUTE_CLASSES.length * 60);
  for (const [cls, ago, n] of requests) counts[MINUTE_CLASSES.indexOf(cls) * 60 + 59 - ago] += n;
  return {
    key: 0,
    id: 'key_a',
    tenant: '',
    firstUsed: NOW - 1000,
    lastUsed: NOW - 10,
    lastRejected: 0,
    maxGap: 30,
    uniqueIps: { hour: 1, day: 2, month: 3, approximate: false },
    lastNewIp: 0,
    recentNewIps: [],
    newSurfaces: [],
    scopes: [],
    requestsLastMinute: 0,
    peakPerMinute: 0,
    requestsToday: 0,
    minutes: { last: MINUTE, counts },
    ...changes,
  };
}
const entry = (fields: string) => parseKeysFile(`keys:\n  - { id: key_a, ${fields} }\n`).entries[0];

test('the windows hold the requests of their minutes, by class', () => {
  const of = facts([
    ['success', 0, 10],
    ['throttled', 4, 2],
    ['forbidden', 5, 3],
    ['serverErrors', 29, 1],
    ['redirect', 30, 7],
  ]);
  expect(windowOf(of, 5, NOW)).toMatchObject({ requests: 12, success: 10, throttled: 2, forbidden: 0 });
  expect(windowOf(of, 30, NOW)).toMatchObject({ requests: 16, forbidden: 3, serverErrors: 1, redirect: 0 });
  expect(windowOf(of, 60, NOW)).toMatchObject({ requests: 23, redirect: 7 });
});

test('time alone empties the windows of a key that stopped', () => {
  const of = facts([['success', 0, 10]]);
  expect(windowOf(of, 30, NOW + 3600).requests).toBe(0);
});

test('a key of the keys file that was never seen is never used', () => {
  expect(stateOf(signalsOf(undefined, entry('name: A'), CONTEXT)).state).toBe('never_used');
});

test('a key without entry is judged by its answers', () => {
  expect(stateOf(signalsOf(facts([['success', 1, 50]]), undefined, CONTEXT)).state).toBe('healthy');
  const failing = facts([
    ['success', 1, 50],
    ['serverErrors', 1, 50],
  ]);
  expect(stateOf(signalsOf(failing, undefined, CONTEXT)).state).toBe('failing');
});

test('thresholds of the entry hold, with their origin', () => {
  const quiet = facts([], { lastUsed: NOW - 3600 });
  const health = stateOf(signalsOf(quiet, entry('thresholds: { silence_seconds: 30m }'), CONTEXT));
  expect(health.state).toBe('silent');
  expect(health.checks.find(({ name }) => name === 'silence')).toMatchObject({
    threshold: 1800,
    origin: 'key',
  });
});

test('a blind pipeline shows as such', () => {
  const quiet = facts([], { lastUsed: NOW - 86_400 });
  const context = { ...CONTEXT, pipelineAlive: false };
  expect(stateOf(signalsOf(quiet, entry('name: A'), context)).state).toBe('blind');
});

test('the newest of several new surfaces counts, and a pair of keys is seen as rotating', () => {
  const newSurfaces = [
    { surface: 'tags', noticed: NOW - 60 },
    { surface: 'users', noticed: NOW - 5000 },
  ];
  expect(signalsOf(facts([], { newSurfaces }), undefined, CONTEXT).newSurface?.surface).toBe('tags');
  const successor = { id: 'key_b', facts: facts([['success', 1, 9]]) };
  const old = signalsOf(facts([['success', 1, 9]]), entry('name: A'), { ...CONTEXT, successor });
  expect(old.successor).toEqual({ id: 'key_b', lastUsed: NOW - 10, requestsLastHour: 9 });
  expect(stateOf(old).state).toBe('rotating');
});
