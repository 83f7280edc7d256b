import { defaultText, WHEN_TO_REVOKE_OLD_KEY } from './wording.ts';

/** Title of a state, its meaning, and what to do about it. */
export interface StateDefinition {
  title: string;
  meaning: string;
  /** '' = nothing to do. */
  remedy: string;
}

/**
 * Every state of a key, worst first. If several states apply, the first one wins. Keys are listed in this order. The
 * rules are in state.ts.
 */
export const STATES = {
  revoked_used: {
    title: 'Revoked but used',
    meaning: 'The keys file marks the key as revoked or disabled, but the key still works.',
    remedy: 'Revoke the key in Atender now. Then find the consumer that sends it.',
  },
  blind: {
    title: 'Pipeline blind',
    meaning: 'The request log has stopped or is not read to its end, so the state of the key is unknown.',
    remedy: 'Check the exporter and its log sources first.',
  },
  failing: {
    title: 'Failing',
    meaning: `The share of 5xx responses is above its threshold (default ${defaultText('server_error_ratio')}).`,
    remedy: 'If it continues, check the status page and open a ticket with the request ids.',
  },
  unauthorized: {
    title: 'Unauthorised',
    meaning: 'Requests are rejected with 401: the key is wrong, revoked or expired.',
    remedy: 'Check the rotation: a consumer may still send an old key.',
  },
  silent: {
    title: 'Silent',
    meaning: 'A real-time key is no longer used.',
    remedy: 'Ask the owner whether the integration is running.',
  },
  throttled: {
    title: 'Throttled',
    meaning: `The share of 429 responses has reached its threshold (default ${defaultText('throttled_ratio')}).`,
    remedy: 'Make the consumer respect Retry-After, or move the key to a higher tier.',
  },
  forbidden: {
    title: 'Forbidden',
    meaning: 'Requests get 403: the key lacks a scope for the endpoints it calls.',
    remedy:
      'Compare the scopes of the key with the endpoints it calls. Check whether its scopes were changed.',
  },
  new_ip: {
    title: 'New IP',
    meaning: 'A request came from an IP address that is new for this key.',
    remedy: 'Confirm the IP address with the owner. If nobody recognizes it, rotate the key.',
  },
  new_surface: {
    title: 'New surface',
    meaning: 'The key called a part of the API for the first time.',
    remedy: 'Ask the owner whether this is intended. If not, narrow the scopes or rotate the key.',
  },
  degraded: {
    title: 'Degraded',
    meaning: `Too many requests fail: the success rate is not above its threshold (default ${defaultText('success_ratio')}).`,
    remedy: 'Find the failing requests in the status and endpoint breakdowns.',
  },
  attention: {
    title: 'Needs a look',
    meaning:
      'Requests succeed, but a check about errors on one endpoint, quota, traffic or rotation is breached.',
    remedy: 'See the breached checks.',
  },
  stale: {
    title: 'Stale',
    meaning: `Last used longer ago than the threshold (default ${defaultText('stale_seconds')}).`,
    remedy: 'Ask the owner whether the key is still needed. If not, revoke it.',
  },
  rotating: {
    title: 'Rotating',
    meaning: 'Consumers are moving from an old key to a new one. This key is one of the two.',
    remedy: WHEN_TO_REVOKE_OLD_KEY,
  },
  never_used: {
    title: 'No recorded use',
    meaning: 'No request with this key got a response other than 401 since recording began.',
    remedy: 'Ask the owner whether the key is needed. A forgotten key is a risk.',
  },
  low_traffic: {
    title: 'Low traffic',
    meaning: 'Some requests fail, but there are too few to judge.',
    remedy: 'Look at the failed requests if they matter.',
  },
  unknown: {
    title: 'Unknown',
    meaning: 'The data that decides the state is missing.',
    remedy: 'Check the queries, or wait for the first requests.',
  },
  disabled: {
    title: 'Disabled',
    meaning: 'Disabled or revoked in the keys file, and not used.',
    remedy: '',
  },
  idle: {
    title: 'Idle',
    meaning: 'No recent requests, and no check is breached.',
    remedy: '',
  },
  healthy: {
    title: 'Healthy',
    meaning: `The success rate is above its threshold (default ${defaultText('success_ratio')}).`,
    remedy: '',
  },
} as const satisfies Record<string, StateDefinition>;

export type KeyState = keyof typeof STATES;
/** Worst first. */
export const STATE_NAMES = Object.keys(STATES) as KeyState[];
