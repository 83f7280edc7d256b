import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CHECKS, type CheckName } from '../../src/health/checks.ts';
import type { KeySignals } from '../../src/health/key-signals.ts';
import { stateOf, worstFirst } from '../../src/health/state.ts';
import { type KeyState, STATE_NAMES, STATES } from '../../src/health/states.ts';
import { effectiveThresholds, THRESHOLD_KINDS, THRESHOLDS } from '../../src/health/thresholds.ts';
import { NOW, REGISTERED, signals, traffic, windowCounts } from './signals.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const state = (changes: Partial<KeySignals>) => stateOf(signals(changes)).state;
const reason = (changes: Partial<KeySignals>) => stateOf(signals(changes)).reason;
const check = (name: CheckName, changes: Partial<KeySignals>) =>
  stateOf(signals(changes)).checks.find((one) => one.name === name)!;

/** One row: what is different from a key that does well, and the state it gives. */
type Row = [title: string, changes: Partial<KeySignals>, expected: KeyState];

describe('success', () => {
  test.each<Row>([
    ['above 99 % is healthy', traffic(1000, { other4xx: 9 }), 'healthy'],
    ['exactly 99 % is degraded', traffic(1000, { other4xx: 10 }), 'degraded'],
    ['97 % because of 404s is degraded', traffic(100, { other4xx: 3 }), 'degraded'],
    ['requests without a response are no errors', traffic(1000, { noResponse: 700, other4xx: 2 }), 'healthy'],
    ['nor are they successes that hide errors', traffic(1000, { noResponse: 900, other4xx: 2 }), 'degraded'],
    ['redirects are no errors', traffic(100, { redirect: 60 }), 'healthy'],
    ['one error in 5 requests is too little to judge', traffic(5, { other4xx: 1 }), 'low_traffic'],
    ['19 requests are too few to judge', traffic(19, { other4xx: 10 }), 'low_traffic'],
    ['20 requests are enough to judge', traffic(20, { other4xx: 10 }), 'degraded'],
    ['5 requests that all succeed are healthy', traffic(5), 'healthy'],
    ['4 % of 429 are below throttled, but not healthy', traffic(100, { throttled: 4 }), 'degraded'],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  test('the reason of a degraded key names the value, the limit and what most errors are', () => {
    expect(reason(traffic(1200, { other4xx: 30, throttled: 6 }))).toBe(
      '97 % of 1,200 requests in the last 30 min succeeded, most errors are 404, 422 or another 4xx (30); healthy above 99 %.',
    );
  });
});

describe('throttled', () => {
  test.each<Row>([
    ['5 % of 429 is throttled', traffic(100, { throttled: 5 }), 'throttled'],
    ['just below 5 % is not', traffic(1000, { throttled: 49 }), 'degraded'],
    ['on 19 requests it is not judged', traffic(19, { throttled: 10 }), 'low_traffic'],
    ['on 20 requests it is', traffic(20, { throttled: 3 }), 'throttled'],
    ['two 429 in 20 requests are stray answers', traffic(20, { throttled: 2 }), 'degraded'],
    [
      'not when the last 5 minutes are well again',
      { ...traffic(100, { throttled: 20 }), fiveMinutes: windowCounts(20) },
      'degraded',
    ],
    [
      'a threshold of 0 asks for a 429 in the last 5 minutes, not for any request',
      {
        ...traffic(100, { throttled: 20 }),
        fiveMinutes: windowCounts(20),
        thresholds: effectiveThresholds({ throttled_ratio: 0 }),
      },
      'degraded',
    ],
    [
      'not when there is no request in the last 5 minutes',
      { ...traffic(100, { throttled: 20 }), fiveMinutes: windowCounts(0) },
      'degraded',
    ],
    [
      'not on the last 5 minutes alone',
      { ...traffic(1000, { throttled: 8 }), fiveMinutes: windowCounts(20, { throttled: 8 }) },
      'healthy',
    ],
    [
      'a threshold of its own wins',
      { ...traffic(100, { throttled: 8 }), thresholds: effectiveThresholds({ throttled_ratio: 0.1 }) },
      'degraded',
    ],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  test('the reason says both windows and the limit', () => {
    const changes = { ...traffic(1204, { throttled: 88 }), fiveMinutes: windowCounts(100, { throttled: 6 }) };
    expect(reason(changes)).toBe(
      '7.31 % of 1,204 requests in the last 30 min got 429 (6 % in the last 5 min); threshold: 5 %.',
    );
  });
});

describe('failing', () => {
  test.each<Row>([
    ['above 1 % of 5xx is failing', traffic(1000, { serverErrors: 11 }), 'failing'],
    ['exactly 1 % is not', traffic(1000, { serverErrors: 10 }), 'degraded'],
    ['one 5xx in 30 requests is no incident', traffic(30, { serverErrors: 1 }), 'degraded'],
    ['3 in 20 is', traffic(20, { serverErrors: 3 }), 'failing'],
    ['3 in 19 is too little', traffic(19, { serverErrors: 3 }), 'low_traffic'],
    [
      'not when the last 5 minutes are well again',
      { ...traffic(1000, { serverErrors: 200 }), fiveMinutes: windowCounts(100) },
      'degraded',
    ],
    ['it outranks throttled', traffic(100, { serverErrors: 10, throttled: 10 }), 'failing'],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));
});

describe('forbidden', () => {
  test.each<Row>([
    [
      '5 answers 403 on a clean key',
      { ...traffic(10_000, { forbidden: 5 }), forbiddenBefore: false },
      'forbidden',
    ],
    ['4 are not enough', { ...traffic(10_000, { forbidden: 4 }), forbiddenBefore: false }, 'healthy'],
    ['an unknown past counts as clean', traffic(10_000, { forbidden: 5 }), 'forbidden'],
    [
      'a key that has long had some is not a new case',
      { ...traffic(10_000, { forbidden: 5 }), forbiddenBefore: true },
      'healthy',
    ],
    [
      'but stays forbidden while they keep it from being healthy',
      { ...traffic(100, { forbidden: 50 }), forbiddenBefore: true },
      'forbidden',
    ],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  test('a lasting case does not raise the alert again', () => {
    const lasting = { ...traffic(100, { forbidden: 50 }), forbiddenBefore: true };
    expect(check('forbidden', lasting).result).toBe('ok');
  });

  test('the reason says so when the scopes were changed lately', () => {
    const changed = (secondsAgo: number) =>
      reason({
        ...traffic(100, { forbidden: 9 }),
        registered: { ...REGISTERED, scopesChangedAt: NOW - secondsAgo },
      });
    expect(changed(3 * HOUR)).toContain('The scopes of the key changed 3 h ago.');
    expect(changed(8 * DAY)).not.toContain('changed');
  });
});

describe('unauthorized', () => {
  test.each<Row>([
    ['5 answers 401', traffic(10_000, { unauthorized: 5 }), 'unauthorized'],
    ['4 are not enough', traffic(10_000, { unauthorized: 4 }), 'healthy'],
    [
      'explains a real-time key that went silent',
      { ...traffic(50, { unauthorized: 50 }), lastUsed: NOW - 5 * HOUR },
      'unauthorized',
    ],
    [
      'a revoked key that is still sent and rejected',
      {
        ...traffic(50, { unauthorized: 50 }),
        lastUsed: NOW - 5 * DAY,
        registered: { ...REGISTERED, state: 'revoked' },
      },
      'unauthorized',
    ],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));
});

describe('silent', () => {
  const quiet = (seconds: number, changes: Partial<KeySignals> = {}) => ({
    ...traffic(0),
    lastUsed: NOW - seconds,
    ...changes,
  });
  const as = (changes: Partial<typeof REGISTERED>) => ({ registered: { ...REGISTERED, ...changes } });
  test.each<Row>([
    ['a real-time key after more than 2 h', quiet(2 * HOUR + 1), 'silent'],
    ['not at exactly 2 h', quiet(2 * HOUR), 'idle'],
    ['not just below', quiet(2 * HOUR - 1), 'idle'],
    ['never while the pipeline is blind', quiet(5 * HOUR, { pipelineAlive: false }), 'blind'],
    ['not a key that is not real-time', quiet(5 * HOUR, as({ realtime: false })), 'idle'],
    ['not a disabled key', quiet(5 * HOUR, as({ state: 'disabled' })), 'disabled'],
    ['not a key nobody registered', quiet(5 * HOUR, { registered: null }), 'idle'],
    ['not a key that was never used', { ...traffic(0), lastUsed: 0 }, 'never_used'],
    [
      'its own threshold wins',
      quiet(5 * HOUR, { thresholds: effectiveThresholds({ silence_seconds: 6 * HOUR }) }),
      'idle',
    ],
    [
      'not the old key of a rotation whose traffic has moved on',
      quiet(5 * HOUR, { successor: { id: 'key_new', lastUsed: NOW - 60, requestsLastHour: 40 } }),
      'rotating',
    ],
    [
      'but the old key whose successor is not used either',
      quiet(5 * HOUR, { successor: { id: 'key_new', lastUsed: 0, requestsLastHour: 0 } }),
      'silent',
    ],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  test('while the pipeline is blind neither silence, spike nor dip is judged', () => {
    const blind = quiet(5 * HOUR, { pipelineAlive: false, volume: 0, weeklyBaseline: 600 });
    for (const name of ['silence', 'spike', 'dip'] as const)
      expect(check(name, blind).result).toBe('unknown');
    const successor = { id: 'new', lastUsed: NOW - 60, requestsLastHour: 9 };
    const quietOld = { lastUsed: NOW - 2 * DAY, successor };
    expect(check('rotation_complete', quietOld).result).toBe('breach');
    expect(check('rotation_complete', { ...quietOld, pipelineAlive: false }).result).toBe('unknown');
  });

  test('the reason says since when and the limit', () => {
    expect(reason(quiet(2 * HOUR + 14 * 60 + 5))).toBe('Last used 2 h 14 min ago; silent after 2 h.');
  });
});

describe('stale, never used and disabled', () => {
  const at = (lastUsed: number, changes: Partial<typeof REGISTERED> | null = { realtime: false }) => ({
    ...traffic(0),
    lastUsed,
    registered: changes === null ? null : { ...REGISTERED, ...changes },
  });
  test.each<Row>([
    ['stale after more than 30 days', at(NOW - 30 * DAY - 1), 'stale'],
    ['not at exactly 30 days', at(NOW - 30 * DAY), 'idle'],
    ['until then a real-time key is silent', at(NOW - 30 * DAY, {}), 'silent'],
    ['a key nobody registered becomes stale too', at(NOW - 31 * DAY, null), 'stale'],
    ['a revoked key is not stale', at(NOW - 40 * DAY, { state: 'revoked' }), 'disabled'],
    ['a key never used is not stale but never used', at(0), 'never_used'],
    ['a revoked key that was never used is disabled', at(0, { state: 'revoked' }), 'disabled'],
    ['a real-time key is silent at first, then stale', at(NOW - 31 * DAY, {}), 'stale'],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  test('a key created long ago and never used is marked stale by its check, a new one is not', () => {
    expect(check('stale', at(0, { createdAt: NOW - 31 * DAY })).result).toBe('breach');
    expect(check('stale', at(0, { createdAt: NOW - 29 * DAY })).result).toBe('ok');
    expect(check('stale', at(0, { createdAt: Number.NaN })).result).toBe('unknown');
  });

  test('a key whose requests were all rejected says so', () => {
    expect(reason({ ...at(0), lastRejected: NOW - DAY })).toContain('Its requests got 401.');
  });
});

describe('revoked but used', () => {
  const revoked = (secondsAgo: number, of: 'revoked' | 'disabled' = 'revoked') => ({
    lastUsed: NOW - secondsAgo,
    registered: { ...REGISTERED, state: of },
  });
  test.each<Row>([
    ['an answer to a revoked key within the hour', revoked(HOUR), 'revoked_used'],
    ['to a disabled key as well', revoked(60, 'disabled'), 'revoked_used'],
    ['not one from before', { ...traffic(0), ...revoked(HOUR + 1) }, 'disabled'],
    ['a blind pipeline does not hide it', { ...revoked(60), pipelineAlive: false }, 'revoked_used'],
    [
      'not one from before the revocation',
      { ...traffic(0), ...revoked(600), retiredAt: NOW - 300 },
      'disabled',
    ],
    ['nor within a minute after it', { ...traffic(0), ...revoked(300), retiredAt: NOW - 360 }, 'disabled'],
    ['but any later one', { ...traffic(0), ...revoked(300), retiredAt: NOW - 361 }, 'revoked_used'],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));
});

describe('revoked but sent', () => {
  const rejected = (secondsAgo: number): Partial<KeySignals> => ({
    ...traffic(0),
    lastUsed: NOW - 2 * DAY,
    lastRejected: NOW - secondsAgo,
    registered: { ...REGISTERED, state: 'revoked' },
  });

  test('a 401 to a revoked key within the hour is its breach, and the reason why it is more than disabled', () => {
    expect(check('revoked_sent', rejected(HOUR)).result).toBe('breach');
    expect(check('revoked_used', rejected(HOUR)).result).toBe('ok');
    expect(state(rejected(HOUR))).toBe('disabled');
    expect(reason(rejected(HOUR))).toBe(
      'The key is revoked in the keys file and was last rejected (401) 1 h ago; it counts as still sent for 1 h after each rejection.',
    );
  });

  test('one from before, or from before the revocation, is not', () => {
    expect(check('revoked_sent', rejected(HOUR + 1)).result).toBe('ok');
    expect(check('revoked_sent', { ...rejected(600), retiredAt: NOW - 300 }).result).toBe('ok');
    expect(check('revoked_sent', { ...rejected(600), registered: REGISTERED }).result).toBe('not_applicable');
  });
});

test('where the keys file is not known, nothing is said of it', () => {
  const changes = { ...traffic(0), lastUsed: NOW - 5 * HOUR, registered: undefined };
  for (const name of ['revoked_used', 'revoked_sent', 'silence', 'rotation_overdue'] as const)
    expect(check(name, changes)).toMatchObject({
      result: 'unknown',
      explanation: expect.stringContaining('unknown'),
    });
  expect(state(changes)).toBe('idle');
});

describe('new IP and new surface', () => {
  test.each<Row>([
    ['an address noticed less than 15 min ago', { lastNewIp: NOW - 899 }, 'new_ip'],
    ['not after 15 min', { lastNewIp: NOW - 900 }, 'healthy'],
    [
      'a surface noticed less than 15 min ago',
      { newSurface: { surface: 'contacts', noticed: NOW - 899 } },
      'new_surface',
    ],
    ['not after 15 min', { newSurface: { surface: 'contacts', noticed: NOW - 900 } }, 'healthy'],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  test('the reason names the surface', () => {
    expect(reason({ newSurface: { surface: 'contacts', noticed: NOW - 61 } })).toContain('contacts');
  });
});

describe('rotation', () => {
  const pair = { id: 'key_new', lastUsed: NOW - 60, requestsLastHour: 100 };
  const old = (quiet: number, changes: Partial<KeySignals> = {}) => ({
    ...traffic(0),
    lastUsed: NOW - quiet,
    successor: pair,
    ...changes,
  });
  test('the old key is rotating while the new one is used', () => {
    expect(state({ successor: pair })).toBe('rotating');
    expect(reason(old(HOUR))).toBe(
      'key_new replaces this key, which was last used 1 h ago; safe to revoke after 1 d without use.',
    );
  });
  test('the new key is rotating while the old one is used', () => {
    const predecessor = { id: 'key_old', lastUsed: NOW - HOUR, requestsLastHour: 3 };
    expect(state({ predecessor })).toBe('rotating');
    expect(reason({ predecessor })).toContain('3 requests in the last hour');
    expect(state({ predecessor: { ...predecessor, lastUsed: NOW - DAY - 1 } })).toBe('healthy');
  });
  test('complete when the old key is quiet for more than 24 h', () => {
    expect(check('rotation_complete', old(DAY)).result).toBe('ok');
    expect(check('rotation_complete', old(DAY + 1)).result).toBe('breach');
    expect(reason(old(DAY + 1))).toContain('safe to revoke');
  });
  test('a key that is quiet for days at a time must be quiet for one and a half times that', () => {
    expect(check('rotation_complete', old(2 * DAY, { maxGap: 2 * DAY })).result).toBe('ok');
    expect(check('rotation_complete', old(3 * DAY + 1, { maxGap: 2 * DAY })).result).toBe('breach');
  });
  test('not complete while the new key is not used', () => {
    const unused = { ...pair, lastUsed: NOW - 2 * DAY };
    expect(check('rotation_complete', old(3 * DAY, { successor: unused })).result).toBe('ok');
  });
  test("overdue by the key's own policy", () => {
    const aged = (days: number) => ({
      registered: { ...REGISTERED, rotateEvery: 90 * DAY, rotatedAt: NOW - days * DAY },
    });
    expect(state(aged(90))).toBe('healthy');
    expect(state(aged(91))).toBe('attention');
    expect(check('rotation_overdue', {}).result).toBe('not_applicable');
  });
});

describe('attention', () => {
  test.each<Row>([
    ['a minute peak at 80 % of limit and burst', { peakPerMinute: 56 }, 'attention'],
    ['not just below', { peakPerMinute: 55 }, 'healthy'],
    ['80 % of the day limit', { requestsToday: 8000 }, 'attention'],
    [
      'a pace that uses the day limit up before midnight',
      { requestsToday: 5000, ...pace(6000) },
      'attention',
    ],
    ['not from less than half of it', { requestsToday: 4999, ...pace(6000) }, 'healthy'],
    ['a spike against past weeks and the recent level', anomaly(3.2, 3), 'attention'],
    ['not against past weeks alone', anomaly(3.2, 1), 'healthy'],
    ['a dip to zero', anomaly(0, 0), 'attention'],
    ['not just above the dip ratio', anomaly(0.31, 0.1), 'healthy'],
    ['no dip on a key of low traffic', { volume: 0, weeklyBaseline: 59, recentBaseline: 600 }, 'healthy'],
    [
      'no spike below three times the floor',
      { volume: 179, weeklyBaseline: 12, recentBaseline: 12 },
      'healthy',
    ],
    ['a leak of a key of low traffic', { volume: 180, weeklyBaseline: 12, recentBaseline: 12 }, 'attention'],
    ['no dip without recent traffic', { volume: 0, weeklyBaseline: 600, recentBaseline: 0 }, 'healthy'],
    ['nothing in a first week', { volume: 6000, recentBaseline: 60 }, 'healthy'],
    ['a 404 cluster on one endpoint', cluster(50, 11), 'attention'],
    ['not at the ratio', cluster(50, 10), 'healthy'],
    ['not below the count', cluster(10, 9), 'healthy'],
  ])('%s', (_, changes, expected) => expect(state(changes)).toBe(expected));

  function pace(perHour: number): Partial<KeySignals> {
    return { now: Math.floor(NOW / DAY) * DAY + 12 * HOUR, lastUsed: NOW, hour: windowCounts(perHour) };
  }
  function anomaly(timesOfWeeks: number, timesOfLate: number): Partial<KeySignals> {
    const volume = timesOfWeeks * 600;
    return { volume, weeklyBaseline: 600, recentBaseline: timesOfLate > 0 ? volume / timesOfLate : 600 };
  }
  function cluster(requests: number, errors: number): Partial<KeySignals> {
    // More errors elsewhere, among so many requests that they are no cluster.
    const busy = { method: 'GET', template: '/v1/contacts', requests: 10_000, errors: 100 };
    return { endpoints: [busy, { method: 'GET', template: '/v1/tags/:id', requests, errors }] };
  }
});

describe('what is not known', () => {
  test('no figures at all give the state unknown', () => {
    expect(state(traffic(Number.NaN))).toBe('unknown');
  });
  test('a check without figures says so and never breaches', () => {
    const { checks } = stateOf(
      signals({ ...traffic(Number.NaN), lastUsed: Number.NaN, lastNewIp: Number.NaN }),
    );
    expect(checks.filter(({ result }) => result === 'breach')).toEqual([]);
    expect(checks.find(({ name }) => name === 'throttled')!.result).toBe('unknown');
  });
});

test('an override shows its origin, the others are defaults', () => {
  const changes = {
    thresholds: effectiveThresholds({ throttled_ratio: 0.2, nonsense: 1, dip_ratio: Number.NaN }),
  };
  expect(check('throttled', changes)).toMatchObject({ threshold: 0.2, origin: 'key', unit: 'ratio' });
  expect(check('server_errors', changes)).toMatchObject({ threshold: 0.01, origin: 'default' });
  expect(check('dip', changes)).toMatchObject({ threshold: 0.3, origin: 'default' });
});

test('every threshold is read: changing it changes what some check or state says', () => {
  const unread = THRESHOLD_KINDS.filter((kind) => {
    const seen = new Set<string>();
    const thresholds = new Proxy(effectiveThresholds(), {
      get: (target, name) => {
        seen.add(String(name));
        return target[name as keyof typeof target];
      },
    });
    const varied: Partial<KeySignals>[] = [
      { lastNewIp: 1, newSurface: { surface: 'x', noticed: 1 }, volume: 1, weeklyBaseline: 1 },
      { successor: { id: 'n', lastUsed: NOW, requestsLastHour: 1 } },
      { registered: { ...REGISTERED, state: 'revoked' } },
      { registered: { ...REGISTERED, rotateEvery: 1 } },
      { endpoints: [{ method: 'GET', template: '/', requests: 1, errors: 1 }] },
    ];
    for (const changes of varied) stateOf(signals({ ...changes, thresholds }));
    return !seen.has(kind);
  });
  expect(unread).toEqual([]);
});

test('every alert that a threshold names is the alert of a check with such a rule', () => {
  const alerts = new Set<string>(Object.values(CHECKS).map(({ alert }) => alert));
  const named = THRESHOLD_KINDS.flatMap((kind) => THRESHOLDS[kind].usedBy as readonly string[]);
  const alertsNamed = new Set(named.filter((name) => !name.startsWith('state ')));
  expect([...alertsNamed].sort()).toEqual([...alerts].filter((alert) => alert !== '').sort());
  const states = named.filter((name) => name.startsWith('state ')).map((name) => name.slice('state '.length));
  expect(states.filter((name) => !(name in STATES))).toEqual([]);
});

test('keys are listed worst first, the busier one first within a state', () => {
  const key = (changes: Partial<KeySignals>, requests: number) => ({
    health: stateOf(signals(changes)),
    requests,
  });
  const listed = [
    key({}, 5),
    key({}, 9),
    key({ pipelineAlive: false }, 1),
    key(traffic(100, { serverErrors: 9 }), 1),
  ];
  listed.sort(worstFirst);
  expect(listed.map(({ health, requests }) => [health.state, requests])).toEqual([
    ['blind', 1],
    ['failing', 1],
    ['healthy', 9],
    ['healthy', 5],
  ]);
});

test('whatever the signals, there is one known state with a reason, and no check throws', () => {
  const number = fc.oneof(
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1, NOW),
    fc.double(),
    fc.nat(),
  );
  const counts = fc.record({
    requests: number,
    success: number,
    redirect: number,
    unauthorized: number,
    forbidden: number,
    throttled: number,
    other4xx: number,
    serverErrors: number,
  });
  const partner = fc.option(fc.record({ id: fc.string(), lastUsed: number, requestsLastHour: number }));
  const limit = fc.option(number);
  const anySignals = fc.record<KeySignals>({
    now: number,
    pipelineAlive: fc.boolean(),
    registered: fc.oneof(
      fc.constantFrom(null, undefined),
      fc.record({
        state: fc.constantFrom('active', 'disabled', 'revoked'),
        realtime: fc.boolean(),
        createdAt: number,
        rotatedAt: number,
        rotateEvery: number,
        scopesChangedAt: number,
        limits: fc.record({ perMinute: limit, perDay: limit, burst: limit }),
      }),
    ),
    retiredAt: number,
    lastUsed: number,
    recordedSince: number,
    lastRejected: number,
    maxGap: number,
    fiveMinutes: counts,
    thirtyMinutes: counts,
    hour: counts,
    forbiddenBefore: fc.option(fc.boolean()),
    uniqueIpsDay: number,
    lastNewIp: number,
    newSurface: fc.option(fc.record({ surface: fc.string(), noticed: number })),
    requestsToday: number,
    peakPerMinute: number,
    endpoints: fc.option(
      fc.array(fc.record({ method: fc.string(), template: fc.string(), requests: number, errors: number })),
    ),
    volume: number,
    weeklyBaseline: number,
    recentBaseline: number,
    successor: partner,
    predecessor: partner,
    thresholds: fc.constant(effectiveThresholds()),
  });
  fc.assert(
    fc.property(anySignals, (any) => {
      const health = stateOf(any);
      expect(STATE_NAMES[health.rank]).toBe(health.state);
      expect(health.reason).toMatch(/\S.*\.$/);
      expect(health.checks.map(({ name }) => name)).toEqual(Object.keys(CHECKS));
      for (const one of health.checks) expect(one.explanation).toMatch(/\S.*\.$/);
      if (!any.pipelineAlive) expect(['blind', 'revoked_used']).toContain(health.state);
    }),
    { numRuns: 500 },
  );
});

test('the rules run in a browser: no module behind them is of Node', async () => {
  const { readFileSync } = await import('node:fs');
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, path] of readFileSync(url, 'utf8').matchAll(/from '([^']+)'/g)) {
      expect(path).toMatch(/^\.\.?\//);
      visit(new URL(path, url));
    }
  };
  visit(new URL('../../src/health/state.ts', import.meta.url));
  visit(new URL('../../src/health/statuses.ts', import.meta.url));
  visit(new URL('../../src/keys/scopes.ts', import.meta.url));
  expect(seen.size).toBeGreaterThan(6);
});
