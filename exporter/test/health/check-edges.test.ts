import { describe, expect, test } from '@jest/globals';
import type { CheckName } from '../../src/health/checks.ts';
import type { KeySignals } from '../../src/health/key-signals.ts';
import { stateOf } from '../../src/health/state.ts';
import { NOW, REGISTERED, signals, traffic, windowCounts } from './signals.ts';

const DAY = 86_400;
const health = (changes: Partial<KeySignals>) => stateOf(signals(changes));
const check = (name: CheckName, changes: Partial<KeySignals>) =>
  health(changes).checks.find((one) => one.name === name)!;
const limits = (changes: Partial<typeof REGISTERED.limits>) => ({
  registered: { ...REGISTERED, limits: { ...REGISTERED.limits, ...changes } },
});

describe('a limit of 0', () => {
  test('is not used up by no requests, per minute or per day', () => {
    const none = { ...limits({ perMinute: 0, burst: 0, perDay: 0 }), peakPerMinute: 0, requestsToday: 0 };
    expect(check('quota_minute', none)).toMatchObject({ result: 'ok', value: 0 });
    expect(check('quota_day', none)).toMatchObject({ result: 'ok', value: 0 });
  });
});

describe('a limit per minute', () => {
  test('without burst counts alone', () => {
    const noBurst = { ...limits({ perMinute: 60, burst: null }), peakPerMinute: 30 };
    expect(check('quota_minute', noBurst).value).toBe(0.5);
  });

  test('of 1 request is used up by 1 request', () => {
    const one = limits({ perMinute: 1, burst: 0 });
    expect(check('quota_minute', { ...one, peakPerMinute: 1 })).toMatchObject({ result: 'breach', value: 1 });
  });
});

describe('the new surface', () => {
  const found = (noticed: number) => ({ newSurface: { surface: 'POST /v1/deals', noticed } });

  test('is unknown when the time it was noticed is not known', () => {
    expect(check('new_surface', found(Number.NaN)).result).toBe('unknown');
  });

  test('is notable for as long as its threshold says', () => {
    const limit = signals().thresholds.new_surface_seconds.value;
    expect(check('new_surface', found(NOW - limit + 1)).result).toBe('breach');
    expect(check('new_surface', found(NOW - limit)).result).toBe('ok');
  });
});

describe('volume', () => {
  const usual = { usualOfWeeks: 1_000, recentBaseline: 1_000 };
  const floor = (changes: Partial<KeySignals>) => signals(changes).thresholds.anomaly_min_requests.value;

  test('says for a spike only that the least stands in for what is usual', () => {
    const least = floor({});
    const little = { usualOfWeeks: least / 2, recentBaseline: least / 2 };
    const words = 'the least that is taken for usual';
    expect(check('spike', { ...little, volume: least }).explanation).toContain(words);
    expect(check('spike', { ...usual, volume: 1_000 }).explanation).not.toContain(words);
    const level = { usualOfWeeks: least, recentBaseline: least };
    expect(check('dip', { ...level, volume: least }).explanation).not.toContain(words);
  });

  test('judges a spike from its threshold up and a dip from its threshold down', () => {
    const { spike_ratio, dip_ratio } = signals().thresholds;
    const at = (ratio: number) => ({ ...usual, volume: 1_000 * ratio });
    expect(check('spike', at(spike_ratio.value))).toMatchObject({ result: 'breach' });
    expect(check('spike', at(spike_ratio.value)).explanation).toMatch(/times or more is a spike\.$/);
    expect(check('spike', at(spike_ratio.value - 0.01))).toMatchObject({ result: 'ok' });
    expect(check('dip', at(dip_ratio.value))).toMatchObject({ result: 'breach' });
    expect(check('dip', at(dip_ratio.value)).explanation).toMatch(/times or less is a dip\.$/);
    expect(check('dip', at(dip_ratio.value + 0.01))).toMatchObject({ result: 'ok' });
  });
});

describe('the reason', () => {
  test('of a disabled key says when it was last used, that it never was, or that this is not known', () => {
    const disabled = { registered: { ...REGISTERED, state: 'disabled' as const } };
    const reason = (lastUsed: number) => health({ ...disabled, lastUsed }).reason;
    expect(reason(NOW - 40 * DAY)).toMatch(/last used 40 d ago/);
    expect(reason(0)).toMatch(/no use of it is recorded/);
    expect(reason(Number.NaN)).toMatch(/not known/);
  });

  test('of an idle key names the silence it may have only while silence is judged', () => {
    const idle = { ...traffic(0), lastUsed: NOW - 3_000 };
    expect(health(idle)).toMatchObject({ state: 'idle', reason: expect.stringContaining('silent after') });
    const lax = { ...idle, registered: { ...REGISTERED, realtime: false }, maxGap: Number.NaN };
    const { state, reason, checks } = health(lax);
    expect(state).toBe('idle');
    expect(checks.find(({ name }) => name === 'silence')?.result).not.toBe('ok');
    expect(reason).not.toContain('silent after');
  });

  test('of a forbidden key needs the number of 403 that the threshold asks for', () => {
    const least = signals().thresholds.forbidden_count.value;
    const lasting = (forbidden: number) => ({
      ...traffic(100),
      thirtyMinutes: windowCounts(100, { forbidden, other4xx: 0 }),
    });
    expect(health(lasting(least)).state).toBe('forbidden');
    expect(health(lasting(least - 1)).state).not.toBe('forbidden');
  });
});
