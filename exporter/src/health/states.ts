/** What a state is called, what it means, and what its reader does about it. */
export interface StateDefinition {
  title: string;
  meaning: string;
  /** '' = nothing to do. */
  remedy: string;
}

/**
 * Every state a key can be in, worst first: the order is the priority when several hold, and the order in
 * which keys are listed. The rules are in state.ts.
 */
export const STATES = {
  revoked_used: {
    title: 'Revoked but used',
    meaning: 'The keys file says revoked or disabled, yet requests with the key are answered.',
    remedy: 'Revoke the key in Atender now, then find who sends it.',
  },
  blind: {
    title: 'Pipeline blind',
    meaning:
      'The request log has stopped or is not being read to its end, so nothing can be said about the key.',
    remedy: 'See to the exporter and its log sources first.',
  },
  failing: {
    title: 'Failing',
    meaning: 'Atender answers more than 1 % of the requests with 5xx.',
    remedy: 'If it lasts, look at the status page and open a ticket with the request ids.',
  },
  unauthorized: {
    title: 'Unauthorised',
    meaning: 'Requests are rejected with 401: the key is wrong, revoked or expired.',
    remedy: 'Check the rotation: some consumer still sends the old key.',
  },
  silent: {
    title: 'Silent',
    meaning: 'A real-time key has stopped being used.',
    remedy: 'Ask the owner whether the integration runs; nothing else reports that it broke.',
  },
  throttled: {
    title: 'Throttled',
    meaning: '5 % or more of the requests are answered 429.',
    remedy: 'Make the consumer heed Retry-After, or move the key to a higher tier.',
  },
  forbidden: {
    title: 'Forbidden',
    meaning: 'Requests are answered 403: the key lacks a scope for what it calls.',
    remedy: 'Compare its scopes with the endpoints it calls, and see whether its scopes were changed.',
  },
  new_ip: {
    title: 'New IP',
    meaning: 'The first request came from an address never seen on this key.',
    remedy: 'Confirm the address with the owner; if nobody knows it, rotate the key.',
  },
  new_surface: {
    title: 'New surface',
    meaning: 'The key calls a part of the API it never called before.',
    remedy: 'Ask the owner whether that is meant; if not, narrow its scopes or rotate it.',
  },
  degraded: {
    title: 'Degraded',
    meaning: '99 % or less of the requests succeed, for reasons no other state names.',
    remedy: 'Look at the status and endpoint breakdown for what fails.',
  },
  attention: {
    title: 'Needs a look',
    meaning: 'Requests succeed, but something about them is unusual or due.',
    remedy: 'See the check that is marked.',
  },
  stale: {
    title: 'Stale',
    meaning: 'Not used for more than 30 days.',
    remedy: 'Ask the owner whether it is still needed; if not, revoke it.',
  },
  rotating: {
    title: 'Rotating',
    meaning: 'The key is one of a pair between which consumers move.',
    remedy: 'Revoke the old key once it has been quiet for 24–48 h.',
  },
  never_used: {
    title: 'No recorded use',
    meaning: 'No request with this key has been answered since recording began.',
    remedy: 'Ask the owner whether it is needed; a forgotten key is a risk.',
  },
  low_traffic: {
    title: 'Low traffic',
    meaning: 'Some requests fail, but there are too few to judge.',
    remedy: 'Look at the single failures if they matter.',
  },
  unknown: {
    title: 'Unknown',
    meaning: 'The figures that decide are missing.',
    remedy: 'Check the queries, or wait for the first requests.',
  },
  disabled: {
    title: 'Disabled',
    meaning: 'Disabled or revoked in the keys file, and not used.',
    remedy: '',
  },
  idle: {
    title: 'Idle',
    meaning: 'No requests at the moment, and none are expected.',
    remedy: '',
  },
  healthy: {
    title: 'Healthy',
    meaning: 'More than 99 % of the requests succeed.',
    remedy: '',
  },
} as const satisfies Record<string, StateDefinition>;

export type KeyState = keyof typeof STATES;
/** Worst first. */
export const STATE_NAMES = Object.keys(STATES) as KeyState[];
