import { THRESHOLDS, type Threshold, type ThresholdKind } from '../../health/thresholds.ts';
import { type Html, html } from '../../text/html.ts';
import { count, percent, span, tenths } from '../../text/numbers.ts';

/** A moment: how long ago it was, with the absolute time for who points at it. 0 = never. Seconds. */
export function ago(moment: number, now: number, never = 'none recorded'): Html {
  if (!(moment > 0)) return html`<span class="none">${never}</span>`;
  const words = now - moment < 1 ? 'just now' : `${span(now - moment)} ago`;
  return html`<time datetime="${iso(moment)}" title="${absolute(moment)}">${words}</time>`;
}

/** Both forms at once, for pages that people read on a phone or print. */
export function agoAndWhen(moment: number, now: number, never = 'none recorded'): Html {
  if (!(moment > 0)) return html`<span class="none">${never}</span>`;
  return html`${ago(moment, now)} <span class="when">${absolute(moment)}</span>`;
}

/** 2026-03-18 09:30:00 UTC */
export function absolute(moment: number): string {
  return `${iso(moment).slice(0, 19).replace('T', ' ')} UTC`;
}

/** A share; of nothing there is none. */
export function share(ratio: number): string {
  return Number.isFinite(ratio) ? percent(ratio) : '–';
}

/** A measured value in the unit of its threshold. */
export function measured(value: number, unit: Threshold['unit']): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'seconds') return span(value);
  if (unit === 'ratio') return percent(value);
  return unit === 'factor' ? `${tenths(value)} ×` : count(value);
}

/** When a threshold is broken: "more than 1 %". */
export function limitOf(kind: ThresholdKind, value: number): string {
  const { unit, breach } = THRESHOLDS[kind];
  const limit = measured(value, unit);
  if (breach === 'above') return `more than ${limit}`;
  return breach === 'at_most' ? `${limit} or less` : `${limit} or more`;
}

/** Date cannot hold every number; what it cannot is shown as the epoch. */
function iso(moment: number): string {
  const date = new Date(moment * 1000);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
