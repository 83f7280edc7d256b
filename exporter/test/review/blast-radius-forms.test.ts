import { describe, expect, test } from '@jest/globals';
import { blastRadius, callerName, type KeyInUse } from '../../src/review/blast-radius.ts';
import { radiusJson, radiusText } from '../../src/review/blast-radius-forms.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 23) / 1000;

const caller = (ip: string, last: number): KeyInUse['callers'][number] => ({
  ...{ ip, userAgent: 'agent/1', requests: 10, first: NOW - 60 * DAY, last, longestGap: HOUR },
  ...{ endpoints: ['GET /v1/contacts'], endpointCount: 1 },
});
const key = (fields: Partial<KeyInUse> = {}): KeyInUse => ({
  ...{ id: 'key_a', tenant: 'acme', name: 'CRM', owner: 'crm-team', state: 'active' },
  ...{ lastUsed: NOW - HOUR, longestGap: 0, successors: [], endpoints: [], callers: [] },
  ...{ movedCallers: new Set<string>(), missing: [] },
  ...{ createdAt: NOW - 100 * DAY, recordedSince: NOW - 200 * DAY, staleAfter: 30 * DAY },
  ...fields,
});
const text = (fields: Partial<KeyInUse> = {}) => radiusText(blastRadius(key(fields), NOW), NOW);

describe('the blast radius on a terminal', () => {
  test('names the key, its last use, what calls it and where', () => {
    const successor = { successors: ['key_b'], movedCallers: new Set([callerName(caller('192.0.2.1', 0))]) };
    const shown = text({
      ...successor,
      callers: [caller('192.0.2.1', NOW - HOUR), caller('192.0.2.2', NOW - 9 * DAY)],
      endpoints: [{ endpoint: 'GET /v1/contacts', requests: 20 }],
      longestGap: DAY,
      missing: ['archive is off'],
    });
    expect(shown).toBe(`CRM · key_a · acme
  Revoked now, it would break 1 caller. Move them to key_b first.
  state active, owner crm-team
  last used 2026-11-22T23:00:00.000Z (1 h ago), once silent for 1 d
  safe to revoke after 2026-11-24T23:00:00.000Z, if nobody calls until then
  replaced by key_b: 1 straggler

callers that may call again: 1 (1 more have gone silent)
  192.0.2.1  agent/1  (also uses the successor)
      last 1 h ago, 10 requests, longest gap 1 h, safe after 2026-11-24T23:00:00.000Z
      GET /v1/contacts

endpoints:
            20  GET /v1/contacts

not known: archive is off
`);
  });

  test('leaves out what there is none of', () => {
    const plain = { ...caller('192.0.2.1', NOW - HOUR), requests: 0, longestGap: 0, endpoints: [] };
    expect(text({ owner: '', tenant: '', callers: [plain], longestGap: DAY - 1 })).toBe(`CRM · key_a
  Revoked now, it would break 1 caller.
  state active
  last used 2026-11-22T23:00:00.000Z (1 h ago)
  safe to revoke after 2026-11-24T23:00:00.000Z, if nobody calls until then

callers that may call again: 1
  192.0.2.1  agent/1
      last 1 h ago, safe after 2026-11-24T23:00:00.000Z

endpoints:
`);
  });

  test('says of a key that was never used that it is safe to revoke now', () => {
    const unused = text({ lastUsed: 0 });
    expect(unused).toContain(
      '  not used since recording began at 2026-05-07T00:00:00.000Z\n  safe to revoke now\n',
    );
  });

  test('shows 20 callers and 10 endpoints, and counts the callers beyond', () => {
    const callers = (count: number) =>
      Array.from({ length: count }, (_, i) => caller(`192.0.2.${i}`, NOW - HOUR));
    const endpoints = Array.from({ length: 12 }, (_, i) => ({ endpoint: `GET /v1/${i}`, requests: 1 }));
    expect(text({ callers: callers(20) })).not.toMatch(/and \d+ more/);
    const more = text({ callers: callers(22), endpoints });
    expect(more).toContain('  and 2 more\n');
    expect(more.match(/^ {2}192\.0\.2\.\d+/gm)).toHaveLength(20);
    expect(more.match(/GET \/v1\/\d+/g)).toHaveLength(10);
    expect(more).toContain('it would break 22 callers');
  });

  test('counts the endpoints of a caller that are not listed', () => {
    const busy = { ...caller('192.0.2.1', NOW - HOUR), endpointCount: 4 };
    expect(text({ callers: [busy] })).toContain('GET /v1/contacts and 3 more\n');
  });
});

test('the blast radius as JSON gives times in ISO form', () => {
  const found = blastRadius(key({ callers: [caller('192.0.2.1', NOW - HOUR)], successors: ['key_b'] }), NOW);
  const times = { last: '2026-11-22T23:00:00.000Z', safeAfter: '2026-11-24T23:00:00.000Z' };
  expect(radiusJson(found)).toMatchObject({
    ...{ lastUsed: times.last, safeAfter: times.safeAfter },
    ...{ callers: [times], stragglers: [times] },
  });
});

test('a key that nobody is known to call breaks its consumers, several callers are counted', () => {
  expect(blastRadius(key(), NOW).verdict).toBe('Revoked now, it would break its consumers.');
  const two = [caller('192.0.2.1', NOW - HOUR), caller('192.0.2.2', NOW - HOUR)];
  expect(blastRadius(key({ callers: two }), NOW).verdict).toBe('Revoked now, it would break 2 callers.');
});

test('a key that was never used is safe at once, however the clock stands', () => {
  expect(blastRadius(key({ lastUsed: 0 }), DAY).safeAfter).toBe(0);
});
