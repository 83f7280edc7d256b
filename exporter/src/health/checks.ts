import type { Threshold, ThresholdKind } from './thresholds.ts';

export type CheckResult = 'ok' | 'breach' | 'not_applicable' | 'unknown';

/** One rule applied to one key. */
export interface Check {
  name: CheckName;
  /** Kind of its main threshold. */
  kind: ThresholdKind;
  label: string;
  /** The alert with the same rule; '' if only states use the rule. */
  alert: string;
  /** In the unit of the threshold; NaN if there is none. */
  value: number;
  threshold: number;
  unit: Threshold['unit'];
  origin: 'default' | 'key';
  result: CheckResult;
  /** One sentence with value and threshold. */
  explanation: string;
}

/** Every check: its main threshold, its label, and the alert with the same rule. */
export const CHECKS = {
  revoked_used: { kind: 'revoked_used_seconds', label: 'Revoked but used', alert: 'AtenderRevokedKeyUsed' },
  revoked_sent: {
    kind: 'revoked_used_seconds',
    label: 'Revoked but sent',
    alert: 'AtenderRevokedKeyUsed',
  },
  server_errors: { kind: 'server_error_ratio', label: '5xx responses', alert: 'AtenderKeyServerErrors' },
  unauthorized: { kind: 'unauthorized_count', label: '401 responses', alert: 'AtenderKeyUnauthorized' },
  silence: { kind: 'silence_seconds', label: 'Silence', alert: 'AtenderKeySilent' },
  throttled: { kind: 'throttled_ratio', label: '429 responses', alert: 'AtenderKeyThrottled' },
  forbidden: { kind: 'forbidden_count', label: '403 spike', alert: 'AtenderKeyForbiddenSpike' },
  new_ip: { kind: 'new_ip_seconds', label: 'New IP', alert: 'AtenderKeyNewIP' },
  new_surface: { kind: 'new_surface_seconds', label: 'New surface', alert: 'AtenderKeyNewSurface' },
  success: { kind: 'success_ratio', label: 'Success', alert: '' },
  endpoint_errors: {
    kind: 'endpoint_error_ratio',
    label: '404 and 422 on one endpoint',
    alert: 'AtenderEndpointErrors',
  },
  quota_minute: {
    kind: 'quota_ratio',
    label: 'Minute quota',
    alert: 'AtenderKeyQuotaNearlyExhausted',
  },
  quota_day: { kind: 'quota_ratio', label: 'Day quota', alert: 'AtenderKeyQuotaNearlyExhausted' },
  spike: { kind: 'spike_ratio', label: 'Traffic spike', alert: 'AtenderKeyTrafficSpike' },
  dip: { kind: 'dip_ratio', label: 'Traffic dip', alert: 'AtenderKeyTrafficDip' },
  rotation_overdue: {
    kind: 'rotation_overdue_seconds',
    label: 'Rotation overdue',
    alert: 'AtenderKeyRotationOverdue',
  },
  stale: { kind: 'stale_seconds', label: 'Stale', alert: 'AtenderKeyStale' },
  rotation_complete: {
    kind: 'rotation_quiet_seconds',
    label: 'Rotation complete',
    alert: 'AtenderKeyRotationComplete',
  },
} as const satisfies Record<string, { kind: ThresholdKind; label: string; alert: string }>;

export type CheckName = keyof typeof CHECKS;
export const CHECK_NAMES = Object.keys(CHECKS) as CheckName[];

/** The result of a rule. */
export interface CheckOutcome {
  value: number;
  result: CheckResult;
  explanation: string;
  /** Set if the threshold used is not the value of the kind. */
  threshold?: number;
}
