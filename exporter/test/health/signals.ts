import { type KeySignals, unknownSignals, type WindowCounts } from '../../src/health/key-signals.ts';
import { effectiveThresholds } from '../../src/health/thresholds.ts';

export const NOW = 1_780_000_000;

/** Requests by class; what is not named succeeded. */
export function windowCounts(
  requests: number,
  errors: Partial<Omit<WindowCounts, 'requests' | 'success'>> = {},
): WindowCounts {
  const failed = Object.values(errors).reduce((sum, n) => sum + n, 0);
  return {
    requests,
    success: requests - failed,
    redirect: 0,
    unauthorized: 0,
    forbidden: 0,
    throttled: 0,
    other4xx: 0,
    serverErrors: 0,
    ...errors,
  };
}

/** The same traffic in all three windows: per 5 minutes, 30 minutes and the hour. */
export function traffic(
  requests: number,
  errors: Parameters<typeof windowCounts>[1] = {},
): Pick<KeySignals, 'fiveMinutes' | 'thirtyMinutes' | 'hour'> {
  const counts = windowCounts(requests, errors);
  return { fiveMinutes: counts, thirtyMinutes: counts, hour: counts };
}

export const REGISTERED: NonNullable<KeySignals['registered']> = {
  state: 'active',
  realtime: true,
  createdAt: NOW - 90 * 86_400,
  rotatedAt: Number.NaN,
  rotateEvery: Number.NaN,
  scopesChangedAt: Number.NaN,
  limits: { perMinute: 60, perDay: 10_000, burst: 10 },
};

/** A registered, active, real-time key that is doing well; each test changes what it is about. */
export function signals(changes: Partial<KeySignals> = {}): KeySignals {
  return {
    ...unknownSignals(NOW, effectiveThresholds()),
    registered: REGISTERED,
    lastUsed: NOW - 10,
    lastRejected: 0,
    maxGap: 60,
    ...traffic(1000),
    uniqueIpsDay: 2,
    lastNewIp: 0,
    requestsToday: 1000,
    peakPerMinute: 20,
    ...changes,
  };
}
