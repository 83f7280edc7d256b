import {
  chosenKey,
  endpointSummaries,
  quotaUses,
  scopeAdviceOf,
  scopesOf,
  statusesOf,
  timelineEvents,
} from '../../src/card/key-card.ts';
import { rotationOf } from '../../src/card/rotation.ts';
import type { ListedKey } from '../../src/keys/key-list.ts';
import { keyFrames, keyOf, listOf, NOW, series, table } from './frames.ts';

const OF = { tenant_id: 'acme', key_id: 'k' };
const key = (...args: Parameters<typeof listOf>) => keyOf(listOf(...args), 'k') as ListedKey;
const fact = (name: string, value: number, more = {}) => ({
  __name__: `atender_key_${name}`,
  value,
  ...more,
});

test('every status with requests has its meaning and share, others are left out', () => {
  const lines = statusesOf(key(keyFrames([{ id: 'k', statuses: { 200: 75, 403: 25, 404: 0 } }])));
  expect(lines.map(({ status, share }) => [status, share])).toEqual([
    [200, 0.75],
    [403, 0.25],
  ]);
  expect(lines[1]?.meaning.remedy).toMatch(/scopes/);
});

test('endpoints are sorted by requests, and only the endpoint of a cluster is marked', () => {
  const row = (endpoint: string, status: string, value: number) => ({
    ...OF,
    method: 'GET',
    endpoint,
    status,
    value,
  });
  const rows = [
    row('/v1/a', '200', 100),
    row('/v1/b', '200', 20),
    row('/v1/b', '422', 20),
    row('/v1/a', '404', 11),
  ];
  const lines = endpointSummaries(key([...keyFrames([{ id: 'k' }]), table('endpoints', rows)]));
  expect(lines.map(({ template, isCluster }) => [template, isCluster])).toEqual([
    ['/v1/a', false],
    ['/v1/b', true],
  ]);
  expect(lines[0]?.share).toBeCloseTo(111 / 151);
});

test('scopes needed without a grant come first, scopes never needed last', () => {
  const facts = [
    fact('scope_info', 1, { scope: 'contacts:write' }),
    fact('scope_info', 1, { scope: 'tags:read' }),
    fact('scope_last_used_timestamp_seconds', NOW - 5, { scope: 'contacts:read' }),
    fact('scope_last_used_timestamp_seconds', NOW - 9, { scope: 'search:read' }),
  ];
  const lines = scopesOf(key(keyFrames([{ id: 'k', facts }])));
  expect(lines.map(({ scope, granted, lastUsed }) => [scope, granted, lastUsed > 0])).toEqual([
    ['search:read', false, true],
    ['contacts:read', true, true],
    ['contacts:write', true, false],
    ['tags:read', true, false],
  ]);
});

test('the suggested scopes still cover every used scope', () => {
  const facts = [
    fact('scope_info', 1, { scope: 'conversations:write' }),
    fact('scope_info', 1, { scope: 'tags:read' }),
    fact('scope_last_used_timestamp_seconds', NOW - 44, { scope: 'conversations:read' }),
  ];
  expect(scopeAdviceOf(key(keyFrames([{ id: 'k', facts }])))).toEqual([
    'replace conversations:write by conversations:read',
    'take away tags:read',
  ]);
});

test('rate-limit headroom includes the burst per minute and marks a missing limit', () => {
  const facts = [
    fact('rate_limit', 60, { window: 'minute' }),
    fact('rate_limit_burst', 10),
    fact('peak_requests_per_minute', 35),
    fact('requests_today', 7),
  ];
  expect(quotaUses(key(keyFrames([{ id: 'k', facts }])))).toMatchObject([
    { name: 'minute', used: 35, limit: 70 },
    { name: 'day', used: 7, limit: null },
  ]);
});

test('without facts, use and limit are unknown', () => {
  const frames = keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'facts');
  for (const { used, limit } of quotaUses(key(frames)))
    expect([used, limit]).toEqual([Number.NaN, Number.NaN]);
});

test('events are sorted oldest first, without events that never happened', () => {
  const facts = [fact('last_used_timestamp_seconds', NOW - 5), fact('created_timestamp_seconds', NOW - 500)];
  const list = listOf(keyFrames([{ id: 'k', facts }]));
  expect(timelineEvents(keyOf(list, 'k') as ListedKey, list).map(({ kind }) => kind)).toEqual([
    'created',
    'lastUsed',
  ]);
});

describe('the rotation', () => {
  const used = (ago: number, gap = 0) => [
    fact('last_used_timestamp_seconds', NOW - ago),
    fact('max_gap_seconds', gap),
  ];
  const pair = (oldAgo: number, gap = 0) =>
    listOf([
      ...keyFrames([
        { id: 'old', facts: used(oldAgo, gap) },
        { id: 'new', info: { replaces: 'old' }, facts: used(10) },
      ]),
      series('volume', { ...OF, key_id: 'old' }, [3, 1, 0]),
      series('volume', { ...OF, key_id: 'new' }, [1, 1, 4]),
      table('stragglers', [{ ...OF, key_id: 'old', method: 'GET', endpoint: '/v1/a', value: 12 }]),
    ]);
  const tracked = (list: ReturnType<typeof listOf>, id: string) =>
    rotationOf(keyOf(list, id) as ListedKey, list);

  test('is the same for both keys', () => {
    const [fromOld, fromNew] = ['old', 'new'].map((id) => tracked(pair(3600), id));
    expect(fromOld).toMatchObject({ shown: 'old', old: { id: 'old' }, next: { id: 'new' } });
    expect(fromNew).toMatchObject({ shown: 'next', old: { id: 'old' }, next: { id: 'new' } });
    expect(fromNew?.check).toEqual(fromOld?.check);
  });

  test('has the share of the new key over time and the endpoints still called with the old key', () => {
    const rotation = tracked(pair(3600), 'new');
    expect(rotation?.shares.next).toEqual([0.25, 0.5, 1]);
    expect(rotation?.lately).toBeCloseTo(0.6);
    expect(rotation?.stragglers).toMatchObject([{ template: '/v1/a', requests: 12 }]);
  });

  test('is safe to revoke after a day without use, or after 1.5 times the longest gap', () => {
    expect(tracked(pair(3600), 'old')).toMatchObject({
      check: { result: 'ok' },
      safeAfter: NOW - 3600 + 86_400,
    });
    expect(tracked(pair(3600, 86_400), 'old')?.safeAfter).toBe(NOW - 3600 + 1.5 * 86_400);
    expect(tracked(pair(90_000), 'old')?.check.result).toBe('breach');
  });

  test('uses the threshold of the old key on the cards of both keys', () => {
    const own = { __name__: 'atender_key_threshold', kind: 'rotation_quiet_seconds', value: 3 * 86_400 };
    const card = listOf([
      ...keyFrames([{ id: 'new', info: { replaces: 'old' }, facts: used(10) }]).filter(
        ({ refId }) => refId !== 'info',
      ),
      table('info', [
        { ...OF, key_id: 'new', state: 'active', replaces: 'old', value: 1 },
        { ...OF, key_id: 'old', state: 'active', replaces: '', value: 1 },
      ]),
      table(
        'partnerFacts',
        [...used(3600), own].map((row) => ({ ...OF, key_id: 'old', ...row })),
      ),
    ]);
    expect(tracked(card, 'new')?.safeAfter).toBe(NOW - 3600 + 3 * 86_400);
  });

  test('has no safe time if the new key is not in use or the old key is already revoked', () => {
    const rotation = (oldAgo: number, newAgo: number | undefined, state = 'active') =>
      tracked(
        listOf(
          keyFrames([
            { id: 'old', info: { state }, facts: used(oldAgo), statuses: { 200: 0 } },
            { id: 'new', info: { replaces: 'old' }, facts: newAgo === undefined ? [] : used(newAgo) },
          ]),
        ),
        'old',
      );
    expect(rotation(3600, 10)?.safeAfter).toBe(NOW - 3600 + 86_400);
    expect(rotation(3600, undefined)?.safeAfter).toBeNaN();
    // Both keys are unused for long enough, so the safe time would be in the past.
    expect(rotation(3 * 86_400, 2 * 86_400)?.safeAfter).toBeNaN();
    expect(rotation(3600, 10, 'revoked')?.safeAfter).toBeNaN();
  });

  test('is undefined for a key without a rotation', () => {
    expect(tracked(listOf(keyFrames([{ id: 'k' }])), 'k')).toBeUndefined();
  });
});

describe('the key of the card', () => {
  const { keys } = listOf(
    keyFrames([{ id: 'fine' }, { id: 'k', tenant: 'a' }, { id: 'k', tenant: 'b', statuses: { 500: 100 } }]),
  );
  test('is the one with the id, in the given tenant if several have it', () => {
    expect(chosenKey(keys, 'k', 'a')).toMatchObject({ id: 'k', tenant: 'a' });
    expect(chosenKey(keys, 'fine', 'b')).toMatchObject({ id: 'fine', tenant: 'acme' });
  });
  test('is the worst key without an id', () => {
    expect(chosenKey(keys, '', '')).toMatchObject({ id: 'k', tenant: 'b' });
  });
  test('is undefined if no key has the id', () => {
    expect(chosenKey(keys, 'other', '')).toBeUndefined();
  });
});

test('the card does not list the other key of the rotation', () => {
  const list = listOf([
    ...keyFrames([{ id: 'k' }]).filter(({ refId }) => refId !== 'info'),
    table('info', [
      { ...OF, name: 'old', state: 'active', replaces: '', value: 1 },
      { ...OF, key_id: 'next', name: 'next', state: 'active', replaces: 'k', value: 1 },
    ]),
    table('partnerFacts', [{ ...OF, key_id: 'next', ...fact('last_used_timestamp_seconds', NOW - 5) }]),
  ]);
  expect(list.keys.map(({ id }) => id)).toEqual(['k']);
  expect(list.keys[0]?.health.state).toBe('rotating');
});
