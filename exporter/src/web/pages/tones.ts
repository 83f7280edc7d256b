import type { CheckResult } from '../../health/checks.ts';
import type { Tone } from '../../health/tones.ts';
import { RESULT_TITLES } from '../../health/wording.ts';
import { type Html, html } from '../../text/html.ts';

export const badge = (tone: Tone, words: string): Html => html`<span class="badge ${tone}">${words}</span>`;

const RESULT_TONES: Record<CheckResult, Tone> = {
  breach: 'bad',
  ok: 'good',
  unknown: 'note',
  not_applicable: 'quiet',
};
export const resultBadge = (result: CheckResult): Html => badge(RESULT_TONES[result], RESULT_TITLES[result]);
