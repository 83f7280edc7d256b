import type { CheckResult } from '../../health/checks.ts';
import type { Tone } from '../../health/tones.ts';
import { type Html, html } from '../../text/html.ts';

export const badge = (tone: Tone, words: string): Html => html`<span class="badge ${tone}">${words}</span>`;

const RESULTS: Record<CheckResult, [Tone, string]> = {
  breach: ['bad', 'Breached'],
  ok: ['good', 'OK'],
  unknown: ['note', 'Unknown'],
  not_applicable: ['quiet', 'Not judged'],
};
export const resultBadge = (result: CheckResult): Html => badge(...RESULTS[result]);
