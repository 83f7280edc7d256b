import type { KeyState } from './states.ts';

/** Urgency of a state. It sets the colour, which is always shown with the title. */
export type Tone = 'bad' | 'warn' | 'note' | 'good' | 'quiet';

export const STATE_TONES: Record<KeyState, Tone> = {
  revoked_used: 'bad',
  blind: 'bad',
  failing: 'bad',
  unauthorized: 'bad',
  silent: 'bad',
  throttled: 'warn',
  forbidden: 'warn',
  new_ip: 'warn',
  new_surface: 'warn',
  degraded: 'warn',
  attention: 'warn',
  stale: 'note',
  rotating: 'note',
  never_used: 'note',
  low_traffic: 'note',
  unknown: 'note',
  disabled: 'quiet',
  idle: 'quiet',
  healthy: 'good',
};

export const needsAttention = (state: KeyState): boolean => ['bad', 'warn'].includes(STATE_TONES[state]);
