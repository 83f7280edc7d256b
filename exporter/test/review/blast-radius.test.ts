import { describe, expect, test } from '@jest/globals';
import { type BlastRadius, blastRadius, callerName, type KeyInUse } from '../../src/review/blast-radius.ts';
import { radiusText } from '../../src/review/blast-radius-forms.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 23) / 1000;

const caller = (ip: string, last: number, longestGap = 0): KeyInUse['callers'][number] => ({
  ...{ ip, userAgent: 'agent/1', requests: 10, first: NOW - 60 * DAY, last, longestGap },
  ...{ endpoints: ['GET /v1/contacts'], endpointCount: 1 },
});
function radius(fields: Partial<KeyInUse> = {}): BlastRadius {
  const callers = fields.callers ?? [];
  const lastUsed = Math.max(0, ...callers.map(({ last }) => last));
  return blastRadius(
    {
      ...{ id: 'key_a', tenant: 'acme', name: '', owner: '', state: 'active', lastUsed, longestGap: 0 },
      ...{ createdAt: 0, recordedSince: NOW - 400 * DAY, staleAfter: 30 * DAY },
      ...{ successors: [], endpoints: [], callers, movedCallers: new Set<string>(), missing: [] },
      ...fields,
    },
    NOW,
  );
}

describe('a key is safe to revoke', () => {
  test('48 h after the last call of callers that never paused for longer', () => {
    const { safeAfter, callers } = radius({ callers: [caller('192.0.2.1', NOW - 47 * HOUR)] });
    expect([safeAfter, callers[0].live]).toEqual([NOW + HOUR, true]);
    const quiet = radius({ callers: [caller('192.0.2.1', NOW - 49 * HOUR)] });
    expect([quiet.safeAfter, quiet.callers[0].live]).toEqual([0, false]);
    expect(quiet.verdict).toContain('Nothing should break');
  });

  test('only when a weekly job has missed its turn too', () => {
    const weekly = caller('192.0.2.9', NOW - 6 * DAY, 7 * DAY);
    const { safeAfter, verdict } = radius({ callers: [caller('192.0.2.1', NOW - 3 * DAY), weekly] });
    expect(safeAfter).toBe(NOW + DAY);
    expect(verdict).toBe('Revoked now, it would break 1 caller.');
  });

  test('at once when it was never used', () => {
    expect(radius().verdict).toContain('it was never used');
  });

  test('without any recorded use only once the record reaches back to its creation or far enough', () => {
    const young = { recordedSince: NOW - 3 * HOUR };
    const { safeAfter, verdict } = radius(young);
    expect(safeAfter).toBe(NOW - 3 * HOUR + 30 * DAY);
    expect(verdict).toBe(
      'No use since recording began 3 h ago, which is too short to tell what would break.',
    );
    expect(radius({ ...young, createdAt: NOW - 2 * HOUR }).safeAfter).toBe(0);
    expect(radius({ ...young, staleAfter: HOUR }).verdict).toContain('it was never used');
  });

  test('by the time it was read when the archive names one that is yet to come', () => {
    const ahead = radius({ callers: [caller('192.0.2.1', NOW + 2 * HOUR)] });
    expect([ahead.lastUsed, ahead.safeAfter]).toEqual([NOW, NOW + 2 * DAY]);
    expect(radiusText(ahead, NOW)).toContain('(0 s ago)');
  });
});

test('the stragglers of a rotation are the callers that may call again, and it says who has begun to move', () => {
  const callers = [
    caller('192.0.2.1', NOW - HOUR),
    caller('192.0.2.2', NOW - HOUR),
    caller('192.0.2.3', NOW - 9 * DAY),
  ];
  const movedCallers = new Set([callerName(callers[1])]);
  const found = radius({ callers, movedCallers, successors: ['key_b'] });
  expect(found.stragglers.map(({ ip, moved }) => [ip, moved])).toEqual([
    ['192.0.2.1', false],
    ['192.0.2.2', true],
  ]);
  expect(radius({ callers }).stragglers).toEqual([]);
});

test('what a log says is shown to a terminal as text', () => {
  const evil = { ...caller('192.0.2.1', NOW - HOUR), userAgent: '\u001b[2J\u202eevil' };
  const text = radiusText(radius({ callers: [evil] }), NOW);
  expect(text).toContain('\\u001b[2J\\u202eevil');
  expect(text).not.toContain('\u001b');
});
