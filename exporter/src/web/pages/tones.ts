import type { CheckResult } from '../../health/checks.ts';
import type { KeyState } from '../../health/states.ts';
import { type Html, html } from '../../text/html.ts';

/** How much a state asks for: its colour, always beside its words. */
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

export const badge = (tone: Tone, words: string): Html => html`<span class="badge ${tone}">${words}</span>`;

const RESULTS: Record<CheckResult, [Tone, string]> = {
  breach: ['bad', 'Breached'],
  ok: ['good', 'OK'],
  unknown: ['note', 'Unknown'],
  not_applicable: ['quiet', 'Not judged'],
};
export const resultBadge = (result: CheckResult): Html => badge(...RESULTS[result]);
