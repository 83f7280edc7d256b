/** Names of the series with key labels in `/metrics`. Their help texts are in metrics/families.ts. */
export const KEY_SERIES = {
  requests: 'atender_requests_total',
  endpointRequests: 'atender_endpoint_requests_total',
  duration: 'atender_request_duration_seconds',
  responseBytes: 'atender_response_bytes_total',
  lastUsed: 'atender_key_last_used_timestamp_seconds',
  maxGap: 'atender_key_max_gap_seconds',
  uniqueIps: 'atender_key_unique_ips',
  newIps: 'atender_key_new_ips_total',
  lastNewIp: 'atender_key_last_new_ip_timestamp_seconds',
  recentNewIp: 'atender_key_recent_new_ip_info',
  lastNewSurface: 'atender_key_last_new_surface_timestamp_seconds',
  lastRejected: 'atender_key_last_rejected_timestamp_seconds',
  scopeLastUsed: 'atender_key_scope_last_used_timestamp_seconds',
  lastMinute: 'atender_key_requests_last_minute',
  peakPerMinute: 'atender_key_peak_requests_per_minute',
  requestsToday: 'atender_key_requests_today',
  rateLimit: 'atender_key_rate_limit',
  rateLimitBurst: 'atender_key_rate_limit_burst',
  info: 'atender_key_info',
  created: 'atender_key_created_timestamp_seconds',
  rotated: 'atender_key_rotated_timestamp_seconds',
  rotateEvery: 'atender_key_rotate_every_seconds',
  scopesChanged: 'atender_key_scopes_changed_timestamp_seconds',
  scopeInfo: 'atender_key_scope_info',
  threshold: 'atender_key_threshold',
} as const;

/** Names of the exporter's own series that the panel reads. */
export const EXPORTER_SERIES = {
  ready: 'atender_exporter_ready',
  recordedSince: 'atender_exporter_recorded_since_timestamp_seconds',
} as const;

/** Names of the series that alerting/rules record. */
export const RECORDED = {
  /** Effective threshold of each key, by `kind`. */
  threshold: 'tenant_key:atender_key_threshold:effective',
  /** One series for each `reason` why an exporter is blind. */
  blind: 'instance:atender_exporter:blind',
  behind: 'instance:atender_exporter_behind_seconds:max35m',
  rate: 'tenant_key:atender_requests:rate5m',
  rate15m: 'tenant_key:atender_requests:rate15m',
  expectedRate: 'tenant_key:atender_requests:expected_rate1h',
  rateByClass: 'tenant:atender_requests:rate5m',
  rateByTier: 'tenant_environment_tier:atender_requests:rate5m',
  expectedByTier: 'tenant_environment_tier:atender_requests:expected_rate1h',
  refused: 'tenant_key_status:atender_refused_requests:increase5m',
  forbidden: 'tenant_key:atender_forbidden_requests:increase1h',
  troubled30m: 'tenant_key:atender_troubled_requests:increase30m',
  troubled5m: 'tenant_key:atender_troubled_requests:increase5m',
  serverErrors: 'tenant_key:atender_server_errors:breaching_ratio30m',
  replacementLastUsed: 'tenant_key:atender_key_replacement_last_used_timestamp_seconds:max',
  /** Last time that a key was active that was revoked or disabled within the last day. */
  reinstated: 'tenant_key:atender_key_reinstated_timestamp_seconds:last',
  /** When the keys file first marked the key as disabled or revoked. */
  retired: 'tenant_key:atender_key_retired_timestamp_seconds:min1d',
} as const;
