import { describe, expect, test } from '@jest/globals';
import type { KeyEntry } from '../../src/keys/key.ts';
import type { KeyEvidence } from '../../src/review/evidence.ts';
import { judge } from '../../src/review/judgement.ts';
import { entryOf } from '../keys/entry.ts';

const DAY = 86_400;
const NOW = Date.UTC(2026, 10, 23) / 1000;
const TIERS = ['starter', 'professional', 'enterprise'] as const;

/** A key that is in order, of the tier professional. */
function judged(fields: Partial<KeyEvidence> = {}, entry: Partial<KeyEntry> = {}) {
  const { verdict, findings, scopeDiff, tier } = judge(
    {
      ...{ id: 'key_a', tenant: 'acme', firstUsed: NOW - 300 * DAY, lastUsed: NOW - 60 },
      recordedSince: NOW - 400 * DAY,
      entry: entryOf({
        ...{ id: 'key_a', tier: 'professional', scopes: ['contacts:write'], createdAt: NOW - 300 * DAY },
        ...entry,
      }),
      unauthorized: 0,
      ...{ requests: 1_000, previousRequests: 1_000, perDay: Array(50).fill(20), daysUsed: 50 },
      ...{ errors: 0, serverErrors: 0, throttled: 0, throttledDays: 0, peakPerMinute: 1e6, busiestDay: 1e9 },
      ...{ uniqueIps: { count: 2, approximate: false }, p95: 0.1 },
      scopes: [{ scope: 'contacts:write', used: 1_000, refused: 0 }],
      scopeUnknown: 0,
      tiers: TIERS.map((tier) => ({ tier, refused: 0, exact: true })),
      successors: [],
      ...fields,
    },
    NOW,
  );
  const said = Object.fromEntries(findings.map(({ question, text }) => [question, text]));
  return { verdict, scopeDiff, tier, said };
}

describe('scopes', () => {
  test('a key that used none keeps what it has', () => {
    const { said, scopeDiff } = judged({ scopes: [{ scope: 'contacts:write', used: 0, refused: 0 }] });
    expect(said['Scopes right?']).toMatch(/^Uses none of what contacts:write grant\. Unused: /);
    expect(scopeDiff).toEqual([]);
  });

  test('are called unused, refused, not granted or not known only when there are such', () => {
    expect(judged().said['Scopes right?']).toBe('Uses contacts:write of what contacts:write grant.');
    const { said, scopeDiff } = judged({
      scopes: [
        { scope: 'contacts:read', used: 5, refused: 0 },
        { scope: 'deals:read', used: 2, refused: 3 },
      ],
      scopeUnknown: 4,
    });
    expect(said['Scopes right?']).toMatch(
      /^Uses contacts:read, deals:read of what .*Unused: contacts:write\. Refused for a missing scope: deals:read 3 times\. Used although not granted: deals:read: .* Of 4 requests the scope is not known/,
    );
    expect(scopeDiff).toEqual([]);
  });
});

describe('the tier of a throttled key', () => {
  const throttled = { throttled: 100, throttledDays: 3 };
  const refusing = (starter: number, professional: number, enterprise: number) => ({
    tiers: [starter, professional, enterprise].map((refused, i) => ({
      ...{ tier: TIERS[i], refused, exact: true },
    })),
  });

  test('is raised to the next one that refuses less, and no lower one', () => {
    expect(judged({ ...throttled, ...refusing(0, 100, 99) })).toMatchObject({ tier: 'enterprise' });
    const none = judged({ ...throttled, ...refusing(0, 100, 100) });
    expect(none.tier).toBe('');
    expect(none.said['Right tier?']).toMatch(
      /^10 % answered 429, on 3 days\. .*the consumer must slow down\.$/,
    );
  });

  test('is kept when it leaves room to spare', () => {
    const { said, tier } = judged({ ...throttled, peakPerMinute: 1, busiestDay: 1 });
    expect(tier).toBe('');
    expect(said['Right tier?']).toMatch(/Its own tier leaves room to spare/);
  });

  test('is judged from exactly the ratio that counts as throttled', () => {
    const exactly = { thresholds: { throttled_ratio: 0.1 } };
    expect(judged({ ...throttled, ...refusing(9, 9, 0) }, exactly).tier).toBe('enterprise');
    const less = { throttled: 99, throttledDays: 3 };
    expect(judged({ ...less, ...refusing(9, 9, 0) }, exactly).tier).toBe('');
  });
});

describe('a lower tier', () => {
  const little = { peakPerMinute: 1, busiestDay: 1 };

  test('is proposed from 14 days of use on', () => {
    expect(judged({ ...little, daysUsed: 13 }).said['Right tier?']).toMatch(/Too few days to propose/);
    expect(judged({ ...little, daysUsed: 14 }).tier).toBe('starter');
  });

  test('is not proposed when it might have refused a request', () => {
    const unsure = TIERS.map((tier) => ({ tier, refused: 0, exact: tier !== 'starter' }));
    const { tier, said } = judged({ ...little, tiers: unsure });
    expect(tier).toBe('');
    expect(said['Right tier?']).toContain('starter at least 0, professional 0, enterprise 0');
  });
});

test('rotation is due at the end of its policy, not before', () => {
  const rotated = (age: number) => ({ rotatedAt: NOW - age, rotateEvery: 90 * DAY });
  expect(judged({}, rotated(90 * DAY)).verdict).toBe('keep');
  expect(judged({}, rotated(90 * DAY)).said['Rotated?']).toMatch(/due in 0 days\.$/);
  expect(judged({}, rotated(90 * DAY + 60)).verdict).toBe('rotate');
});
