import { DAY } from '../time/units.ts';

/** One threshold of alerts and states. */
export interface Threshold {
  default: number;
  unit: 'seconds' | 'ratio' | 'factor' | 'requests';
  /** How a value breaches it. `floor`: below this value, the check is not judged. */
  breach: 'above' | 'at_least' | 'at_most' | 'floor';
  /** The keys file rejects 0, because every key in use would breach it all the time. */
  aboveZero?: true;
  doc: string;
  /** Alerts and states (`state …`) that use it. */
  usedBy: string[];
}

/**
 * Every threshold by kind. The kind is the `kind` label of `atender_key_threshold` and the name under `thresholds` in
 * the keys file. Windows are fixed: 30 minutes unless the text says otherwise.
 */
export const THRESHOLDS = {
  silence_seconds: {
    default: 2 * 3600,
    unit: 'seconds',
    breach: 'above',
    aboveZero: true,
    doc: 'Time without use after which an active real-time key is silent',
    usedBy: ['AtenderKeySilent', 'state silent'],
  },
  throttled_ratio: {
    default: 0.05,
    unit: 'ratio',
    breach: 'at_least',
    doc: 'Share of 429 responses, over 30 minutes and over the last 5, at which a key is throttled',
    usedBy: ['AtenderKeyThrottled', 'state throttled'],
  },
  throttled_min_requests: {
    default: 20,
    unit: 'requests',
    breach: 'floor',
    doc: 'Requests in 30 minutes below which the share of 429 responses is not judged',
    usedBy: ['AtenderKeyThrottled', 'state throttled'],
  },
  throttled_min_errors: {
    default: 3,
    unit: 'requests',
    breach: 'floor',
    doc: '429 responses in 30 minutes below which their share is not judged',
    usedBy: ['AtenderKeyThrottled', 'state throttled'],
  },
  server_error_ratio: {
    default: 0.01,
    unit: 'ratio',
    breach: 'above',
    doc: 'Share of 5xx responses, over 30 minutes and over the last 5, above which a key is failing',
    usedBy: ['AtenderKeyServerErrors', 'state failing'],
  },
  server_error_min_requests: {
    default: 20,
    unit: 'requests',
    breach: 'floor',
    doc: 'Requests in 30 minutes below which the share of 5xx responses is not judged',
    usedBy: ['AtenderKeyServerErrors', 'state failing'],
  },
  server_error_min_errors: {
    default: 3,
    unit: 'requests',
    breach: 'floor',
    doc: '5xx responses in 30 minutes below which their share is not judged',
    usedBy: ['AtenderKeyServerErrors', 'state failing'],
  },
  forbidden_count: {
    default: 5,
    unit: 'requests',
    breach: 'at_least',
    doc: '403 responses in 30 minutes that count as a spike, if no hour in the 7 days before had as many',
    usedBy: ['AtenderKeyForbiddenSpike', 'state forbidden'],
  },
  unauthorized_count: {
    default: 5,
    unit: 'requests',
    breach: 'at_least',
    doc: '401 responses in 30 minutes at which a key is unauthorised',
    usedBy: ['AtenderKeyUnauthorized', 'state unauthorized'],
  },
  endpoint_error_ratio: {
    default: 0.2,
    unit: 'ratio',
    breach: 'above',
    doc: 'Share of 404 and 422 responses on one endpoint above which they are a cluster',
    usedBy: ['AtenderEndpointErrors', 'state attention'],
  },
  endpoint_error_count: {
    default: 10,
    unit: 'requests',
    breach: 'floor',
    doc: '404 and 422 responses on one endpoint in 30 minutes below which their share is not judged',
    usedBy: ['AtenderEndpointErrors', 'state attention'],
  },
  success_ratio: {
    default: 0.99,
    unit: 'ratio',
    breach: 'at_most',
    doc: 'Share of responses below 400, above which a key is healthy',
    usedBy: ['state healthy', 'state degraded'],
  },
  success_min_requests: {
    default: 20,
    unit: 'requests',
    breach: 'floor',
    doc: 'Requests in 30 minutes below which errors are shown but not judged',
    usedBy: ['state degraded', 'state low_traffic'],
  },
  new_ip_seconds: {
    default: 900,
    unit: 'seconds',
    breach: 'at_most',
    doc: 'How long a new IP address stays notable',
    usedBy: ['AtenderKeyNewIP', 'state new_ip'],
  },
  new_surface_seconds: {
    default: 900,
    unit: 'seconds',
    breach: 'at_most',
    doc: 'How long the first request to a surface stays notable',
    usedBy: ['AtenderKeyNewSurface', 'state new_surface'],
  },
  revoked_used_seconds: {
    default: 3600,
    unit: 'seconds',
    breach: 'at_most',
    doc: 'How long a request with a revoked or disabled key stays an incident, also if it got 401',
    usedBy: ['AtenderRevokedKeyUsed', 'state revoked_used'],
  },
  stale_seconds: {
    default: 30 * DAY,
    unit: 'seconds',
    breach: 'above',
    aboveZero: true,
    doc: 'Time without use after which an active key is stale. Without a recorded use, it counts from the creation of the key or from the start of recording, whichever is later',
    usedBy: ['AtenderKeyStale', 'state stale', 'state never_used'],
  },
  rotation_quiet_seconds: {
    default: DAY,
    unit: 'seconds',
    breach: 'above',
    doc: 'Time without use after which the old key of a rotation may be revoked, while the new key is used',
    usedBy: ['AtenderKeyRotationComplete', 'state rotating'],
  },
  rotation_gap_factor: {
    default: 1.5,
    unit: 'factor',
    breach: 'above',
    doc: 'The old key must also be unused for this many times its longest gap in the last 30 days',
    usedBy: ['AtenderKeyRotationComplete', 'state rotating'],
  },
  rotation_overdue_seconds: {
    default: 0,
    unit: 'seconds',
    breach: 'above',
    doc: 'Time after `rotateEvery` of the key before its rotation is overdue',
    usedBy: ['AtenderKeyRotationOverdue', 'state attention'],
  },
  quota_ratio: {
    default: 0.8,
    unit: 'ratio',
    breach: 'at_least',
    aboveZero: true,
    doc: 'Used share of the minute limit plus burst (peak minute of the last 5 minutes), or of the day limit',
    usedBy: ['AtenderKeyQuotaNearlyExhausted', 'state attention'],
  },
  quota_forecast_ratio: {
    default: 0.5,
    unit: 'ratio',
    breach: 'floor',
    doc: 'Used share of the day limit below which no forecast is made from the rate of the last hour',
    usedBy: ['AtenderKeyQuotaNearlyExhausted', 'state attention'],
  },
  spike_ratio: {
    default: 3,
    unit: 'factor',
    breach: 'at_least',
    aboveZero: true,
    doc: 'Requests in the last hour, divided by the expected number and by the recent baseline, that count as a spike',
    usedBy: ['AtenderKeyTrafficSpike', 'state attention'],
  },
  dip_ratio: {
    default: 0.3,
    unit: 'factor',
    breach: 'at_most',
    doc: 'Requests in the last hour, divided by the expected number and by the recent baseline, that count as a dip',
    usedBy: ['AtenderKeyTrafficDip', 'state attention'],
  },
  anomaly_min_requests: {
    default: 60,
    unit: 'requests',
    breach: 'floor',
    doc: 'Expected requests per hour below which a dip is not judged. A spike is measured against at least this number',
    usedBy: ['AtenderKeyTrafficSpike', 'AtenderKeyTrafficDip', 'state attention'],
  },
} as const satisfies Record<string, Threshold>;

export type ThresholdKind = keyof typeof THRESHOLDS;
export const THRESHOLD_KINDS = Object.keys(THRESHOLDS) as ThresholdKind[];

/** The threshold of one key, and its origin: the default or the entry of the key in the keys file. */
export interface EffectiveThreshold {
  value: number;
  origin: 'default' | 'key';
}
export type EffectiveThresholds = Record<ThresholdKind, EffectiveThreshold>;

/** The thresholds of a key with overrides. An override that is not a finite number is ignored. */
export function effectiveThresholds(overrides: Partial<Record<string, number>> = {}): EffectiveThresholds {
  const effective: Partial<EffectiveThresholds> = {};
  for (const kind of THRESHOLD_KINDS) {
    const own = Object.hasOwn(overrides, kind) ? overrides[kind] : undefined;
    effective[kind] =
      own !== undefined && Number.isFinite(own)
        ? { value: own, origin: 'key' }
        : { value: THRESHOLDS[kind].default, origin: 'default' };
  }
  return effective as EffectiveThresholds;
}
