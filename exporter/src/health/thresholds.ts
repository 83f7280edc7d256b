import { DAY } from '../time/units.ts';

/** One threshold of an alert or a state. Pure data: also bundled into a browser panel. */
export interface Threshold {
  default: number;
  unit: 'seconds' | 'ratio' | 'factor' | 'requests';
  /** How a value breaches it. `floor`: below it nothing is judged. */
  breach: 'above' | 'at_least' | 'at_most' | 'floor';
  /** 0 would be breached at all times by every key in use: a keys file that says so is refused. */
  aboveZero?: true;
  doc: string;
  /** Alerts and states (`state …`) that read it. */
  usedBy: string[];
}

/**
 * Every threshold there is, by its kind: the value of the `kind` label of `atender_key_threshold`, the name
 * under `thresholds` in the keys file. Windows are fixed: 30 minutes unless the text says otherwise.
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
    doc: 'Share of 429 answers, over 30 minutes and over the last 5, from which a key is throttled',
    usedBy: ['AtenderKeyThrottled', 'state throttled'],
  },
  throttled_min_requests: {
    default: 20,
    unit: 'requests',
    breach: 'floor',
    doc: 'Requests in 30 minutes below which the share of 429 answers is not judged',
    usedBy: ['AtenderKeyThrottled', 'state throttled'],
  },
  throttled_min_errors: {
    default: 3,
    unit: 'requests',
    breach: 'floor',
    doc: '429 answers in 30 minutes below which their share is not judged: one stray answer is no incident',
    usedBy: ['AtenderKeyThrottled', 'state throttled'],
  },
  server_error_ratio: {
    default: 0.01,
    unit: 'ratio',
    breach: 'above',
    doc: 'Share of 5xx answers, over 30 minutes and over the last 5, above which a key is failing',
    usedBy: ['AtenderKeyServerErrors', 'state failing'],
  },
  server_error_min_requests: {
    default: 20,
    unit: 'requests',
    breach: 'floor',
    doc: 'Requests in 30 minutes below which the share of 5xx answers is not judged',
    usedBy: ['AtenderKeyServerErrors', 'state failing'],
  },
  server_error_min_errors: {
    default: 3,
    unit: 'requests',
    breach: 'floor',
    doc: '5xx answers in 30 minutes below which their share is not judged: one stray answer is no incident',
    usedBy: ['AtenderKeyServerErrors', 'state failing'],
  },
  forbidden_count: {
    default: 5,
    unit: 'requests',
    breach: 'at_least',
    doc: '403 answers in 30 minutes that are a spike on a key without such an hour in the 7 days before',
    usedBy: ['AtenderKeyForbiddenSpike', 'state forbidden'],
  },
  unauthorized_count: {
    default: 5,
    unit: 'requests',
    breach: 'at_least',
    doc: '401 answers in 30 minutes that show a consumer with a wrong, revoked or expired key',
    usedBy: ['AtenderKeyUnauthorized', 'state unauthorized'],
  },
  endpoint_error_ratio: {
    default: 0.2,
    unit: 'ratio',
    breach: 'above',
    doc: 'Share of 404 and 422 answers of one endpoint of one key above which they are a cluster',
    usedBy: ['AtenderEndpointErrors', 'state attention'],
  },
  endpoint_error_count: {
    default: 10,
    unit: 'requests',
    breach: 'floor',
    doc: '404 and 422 answers of one endpoint in 30 minutes below which their share is not judged',
    usedBy: ['AtenderEndpointErrors', 'state attention'],
  },
  success_ratio: {
    default: 0.99,
    unit: 'ratio',
    breach: 'at_most',
    doc: 'Share of answers that are no error (below 400), above which a key is healthy',
    usedBy: ['state healthy', 'state degraded'],
  },
  success_min_requests: {
    default: 20,
    unit: 'requests',
    breach: 'floor',
    doc: 'Requests in 30 minutes below which errors are shown, but not judged',
    usedBy: ['state degraded', 'state low_traffic'],
  },
  new_ip_seconds: {
    default: 900,
    unit: 'seconds',
    breach: 'at_most',
    doc: 'How long the first request from an address never seen on the key stays notable',
    usedBy: ['AtenderKeyNewIP', 'state new_ip'],
  },
  new_surface_seconds: {
    default: 900,
    unit: 'seconds',
    breach: 'at_most',
    doc: 'How long the first request to a surface never seen on the key stays notable',
    usedBy: ['AtenderKeyNewSurface', 'state new_surface'],
  },
  revoked_used_seconds: {
    default: 3600,
    unit: 'seconds',
    breach: 'at_most',
    doc: 'How long a request with a revoked or disabled key stays an incident, answered or rejected with 401',
    usedBy: ['AtenderRevokedKeyUsed', 'state revoked_used'],
  },
  stale_seconds: {
    default: 30 * DAY,
    unit: 'seconds',
    breach: 'above',
    aboveZero: true,
    doc: 'Time without use after which an active key may be revoked; without any recorded use it counts from the creation of the key, or from when recording began where that is later',
    usedBy: ['AtenderKeyStale', 'state stale', 'state never_used'],
  },
  rotation_quiet_seconds: {
    default: DAY,
    unit: 'seconds',
    breach: 'above',
    doc: 'Time without use after which the old key of a rotation may be revoked, while the new one is used',
    usedBy: ['AtenderKeyRotationComplete', 'state rotating'],
  },
  rotation_gap_factor: {
    default: 1.5,
    unit: 'factor',
    breach: 'above',
    doc: 'The old key must also be quiet for this many times its own longest gap of the last 30 days',
    usedBy: ['AtenderKeyRotationComplete', 'state rotating'],
  },
  rotation_overdue_seconds: {
    default: 0,
    unit: 'seconds',
    breach: 'above',
    doc: "Grace after the key's own rotateEvery before its rotation is overdue",
    usedBy: ['AtenderKeyRotationOverdue', 'state attention'],
  },
  quota_ratio: {
    default: 0.8,
    unit: 'ratio',
    breach: 'at_least',
    aboveZero: true,
    doc: 'Share of the minute limit plus burst (peak of 5 minutes), or of the day limit, that is nearly used up',
    usedBy: ['AtenderKeyQuotaNearlyExhausted', 'state attention'],
  },
  quota_forecast_ratio: {
    default: 0.5,
    unit: 'ratio',
    breach: 'floor',
    doc: "Share of the day limit below which no forecast is made from the last hour's pace",
    usedBy: ['AtenderKeyQuotaNearlyExhausted', 'state attention'],
  },
  spike_ratio: {
    default: 3,
    unit: 'factor',
    breach: 'at_least',
    aboveZero: true,
    doc: 'Volume against the same time in past weeks and against the recent level that is a spike',
    usedBy: ['AtenderKeyTrafficSpike', 'state attention'],
  },
  dip_ratio: {
    default: 0.3,
    unit: 'factor',
    breach: 'at_most',
    doc: 'Volume against the same time in past weeks and against the recent level that is a dip',
    usedBy: ['AtenderKeyTrafficDip', 'state attention'],
  },
  anomaly_min_requests: {
    default: 60,
    unit: 'requests',
    breach: 'floor',
    doc: 'Usual requests per hour below which a dip is not judged, and against which a spike is measured where fewer are usual',
    usedBy: ['AtenderKeyTrafficSpike', 'AtenderKeyTrafficDip', 'state attention'],
  },
} as const satisfies Record<string, Threshold>;

export type ThresholdKind = keyof typeof THRESHOLDS;
export const THRESHOLD_KINDS = Object.keys(THRESHOLDS) as ThresholdKind[];

/** A threshold as it holds for one key, and who set it: the default or the key's entry in the keys file. */
export interface EffectiveThreshold {
  value: number;
  origin: 'default' | 'key';
}
export type EffectiveThresholds = Record<ThresholdKind, EffectiveThreshold>;

/** The thresholds of a key whose entry overrides some; what is no finite number counts as not set. */
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
