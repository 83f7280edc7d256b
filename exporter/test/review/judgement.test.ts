import { describe, expect, test } from '@jest/globals';
import type { KeyEntry } from '../../src/keys/key.ts';
import type { KeyEvidence } from '../../src/review/evidence.ts';
import { judge } from '../../src/review/judgement.ts';
import { entryOf } from '../keys/entry.ts';

const DAY = 86_400;
const NOW = Date.UTC(2026, 10, 23) / 1000;

/** A key that is in order. */
function evidence(fields: Partial<KeyEvidence> = {}, entry: Partial<KeyEntry> = {}): KeyEvidence {
  return {
    ...{ id: 'key_a', tenant: 'acme', firstUsed: NOW - 300 * DAY, lastUsed: NOW - 60 },
    recordedSince: NOW - 400 * DAY,
    entry: entryOf({
      id: 'key_a',
      tier: 'starter',
      scopes: ['contacts:read'],
      createdAt: NOW - 300 * DAY,
      ...entry,
    }),
    ...{ requests: 1_000, unauthorized: 0, previousRequests: 800, perDay: Array(50).fill(20), daysUsed: 50 },
    ...{ errors: 0, serverErrors: 0, throttled: 0, throttledDays: 0, peakPerMinute: 20, busiestDay: 20 },
    ...{ uniqueIps: { count: 2, approximate: false }, p95: 0.1 },
    scopes: [{ scope: 'contacts:read', used: 1_000, refused: 0 }],
    scopeUnknown: 0,
    tiers: [
      { tier: 'starter', refused: 0, exact: true },
      { tier: 'professional', refused: 0, exact: true },
      { tier: 'enterprise', refused: 0, exact: true },
    ],
    successors: [],
    ...fields,
  };
}
const verdict = (...key: Parameters<typeof evidence>) => judge(evidence(...key), NOW).verdict;
const said = (question: string, ...key: Parameters<typeof evidence>) =>
  judge(evidence(...key), NOW).findings.find((finding) => finding.question === question)?.text;

test('a key that is used, has what it needs, fits its tier and is young enough is kept', () => {
  expect(judge(evidence(), NOW)).toMatchObject({ verdict: 'keep', scopeDiff: [], tier: '' });
  expect(said('In use?')).toBe(
    'Last used 1 min before, on 50 of 50 days, 1,000 requests (+25 % against the quarter before).',
  );
});

describe('revoke', () => {
  test('silent for longer than allowed, by the default or the key’s own threshold', () => {
    expect(verdict({ lastUsed: NOW - 31 * DAY })).toBe('revoke');
    expect(verdict({ lastUsed: NOW - 29 * DAY })).toBe('keep');
    expect(verdict({ lastUsed: NOW - 29 * DAY }, { thresholds: { stale_seconds: 7 * DAY } })).toBe('revoke');
  });
  test('never used, unless it was created lately', () => {
    const unused = { lastUsed: 0, firstUsed: 0, requests: 0, scopes: [] };
    expect(verdict(unused)).toBe('revoke');
    expect(verdict(unused, { createdAt: NOW - 5 * DAY })).toBe('keep');
    const short = { ...unused, recordedSince: NOW - 5 * DAY };
    expect(verdict(short)).toBe('keep');
    expect(said('In use?', short)).toBe(
      'No use since recording began 5 d before, which is too short to tell.',
    );
    expect(verdict(short, { thresholds: { stale_seconds: 2 * DAY } })).toBe('revoke');
  });
  test('replaced, and its consumers have moved', () => {
    expect(verdict({ lastUsed: NOW - 2 * DAY, successors: ['key_b'] })).toBe('revoke');
    expect(verdict({ lastUsed: NOW - 3_600, successors: ['key_b'] })).toBe('keep');
  });
  test('revoked in the keys file, yet answered', () => {
    expect(verdict({}, { state: 'revoked' })).toBe('revoke');
  });
});

describe('narrow', () => {
  const wide = { scopes: ['contacts:write', 'tags:read'] };
  test('proposes the fewest scopes that grant what was used, as a diff', () => {
    const found = judge(evidence({}, wide), NOW);
    expect(found).toMatchObject({
      verdict: 'narrow',
      scopeDiff: ['- contacts:write', '- tags:read', '+ contacts:read'],
    });
  });
  test('write that was used keeps the read it implies', () => {
    const scopes = [
      { scope: 'contacts:read', used: 5, refused: 0 },
      { scope: 'contacts:write', used: 5, refused: 0 },
    ];
    expect(judge(evidence({ scopes }, wide), NOW).scopeDiff).toEqual(['- tags:read']);
    expect(verdict({ scopes }, { scopes: ['contacts:write'] })).toBe('keep');
  });
  test('proposes nothing while some requests’ scope is unknown, or scopes were used that nobody granted', () => {
    expect(verdict({ scopeUnknown: 3 }, wide)).toBe('keep');
    const scopes = [{ scope: 'users:read', used: 5, refused: 0 }];
    expect(judge(evidence({ scopes }, wide), NOW)).toMatchObject({ verdict: 'keep', scopeDiff: [] });
  });
  test('says what was refused for a missing scope', () => {
    const scopes = [
      { scope: 'contacts:read', used: 5, refused: 0 },
      { scope: 'tags:write', used: 0, refused: 7 },
    ];
    expect(said('Scopes right?', { scopes })).toContain('Refused for a missing scope: tags:write 7 times.');
  });
});

describe('change tier', () => {
  const tiers: KeyEvidence['tiers'] = [
    { tier: 'starter', refused: 90, exact: false },
    { tier: 'professional', refused: 0, exact: true },
    { tier: 'enterprise', refused: 0, exact: true },
  ];
  test('to the first higher one that refuses fewer, when 5 % or more were throttled', () => {
    expect(judge(evidence({ throttled: 50, tiers }), NOW)).toMatchObject({
      verdict: 'change tier',
      tier: 'professional',
    });
    expect(verdict({ throttled: 49, tiers })).toBe('keep');
    expect(said('Right tier?', { throttled: 50, tiers })).toContain('starter at least 90, professional 0');
  });
  test('not while its own tier leaves half of its limits free: the 429s have another reason', () => {
    expect(verdict({ throttled: 500 })).toBe('keep');
    expect(said('Right tier?', { throttled: 500 })).toContain('these have another reason');
    const [starter, ...higher] = tiers;
    const close = { throttled: 500, tiers: [{ ...starter, refused: 0, exact: true }, ...higher] };
    expect(verdict({ ...close, peakPerMinute: 31 })).toBe('change tier');
  });
  test('to a lower one that leaves half of its limits free, after two weeks of use', () => {
    const rich = { tier: 'enterprise' } as const;
    expect(judge(evidence({}, rich), NOW)).toMatchObject({ verdict: 'change tier', tier: 'starter' });
    expect(judge(evidence({ peakPerMinute: 31 }, rich), NOW).tier).toBe('professional');
    expect(verdict({ daysUsed: 13 }, rich)).toBe('keep');
  });
});

test('rotate when its age is beyond its own policy; a verdict before it wins', () => {
  const old = { rotatedAt: NOW - 100 * DAY, rotateEvery: 90 * DAY };
  expect(verdict({}, old)).toBe('rotate');
  expect(said('Rotated?', {}, old)).toBe(
    'Last rotated 100 d before; the policy is every 90 d: 10 d overdue.',
  );
  expect(verdict({}, { ...old, rotatedAt: NOW - 80 * DAY })).toBe('keep');
  expect(verdict({}, { ...old, scopes: ['contacts:write'] })).toBe('rotate');
  expect(verdict({ lastUsed: NOW - 31 * DAY }, old)).toBe('revoke');
});

test('a key that the keys file does not have is judged by its use alone, and said to be unknown', () => {
  const found = judge({ ...evidence(), entry: undefined }, NOW);
  expect(found.verdict).toBe('keep');
  expect(found.findings.filter(({ text }) => text.includes('Not in the keys file'))).toHaveLength(3);
});

test('of one exporter among several, no verdict rests on what its lines lack', () => {
  const tiers = [
    { tier: 'starter' as const, refused: 0, exact: true },
    { tier: 'professional' as const, refused: 0, exact: true },
    { tier: 'enterprise' as const, refused: 0, exact: true },
  ];
  const rich = { tier: 'enterprise' as const, scopes: ['contacts:write', 'tags:read'] };
  const silent = { firstUsed: 0, lastUsed: 0, requests: 0, recordedSince: 0, scopes: [] };
  const cases: [...Parameters<typeof evidence>, string][] = [
    [silent, {}, 'undecided'],
    [{ lastUsed: NOW - 400 * 86_400 }, {}, 'undecided'],
    [{ successors: ['key_next'], lastUsed: NOW - 90 * 86_400 }, {}, 'undecided'],
    [{ tiers }, rich, 'undecided'],
    [{}, { state: 'revoked' as const }, 'undecided'],
    [{}, {}, 'keep'],
  ];
  for (const [some, entry, expected] of cases) {
    const found = judge(evidence(some, entry), NOW, false);
    expect([found.verdict, found.scopeDiff, found.tier]).toEqual([expected, [], '']);
    const text = found.findings.map((finding) => finding.text).join(' ');
    expect(text).not.toMatch(/revoke\b|narrow|never used|unused|is enough|\b0 requests/i);
  }
});
