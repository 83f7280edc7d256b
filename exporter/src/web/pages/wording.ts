import { type Html, html } from '../../text/html.ts';
import { percent, span } from '../../text/numbers.ts';

/** Relative time with the absolute time as tooltip. Seconds since the epoch; 0 = never. */
export function ago(moment: number, now: number, never = 'none recorded'): Html {
  if (!(moment > 0)) return html`<span class="none">${never}</span>`;
  const words = now - moment < 1 ? 'just now' : `${span(now - moment)} ago`;
  return html`<time datetime="${iso(moment)}" title="${absolute(moment)}">${words}</time>`;
}

/** Relative and absolute time, for phones and print. */
export function agoAndWhen(moment: number, now: number, never = 'none recorded'): Html {
  if (!(moment > 0)) return html`<span class="none">${never}</span>`;
  return html`${ago(moment, now)} <span class="when">${absolute(moment)}</span>`;
}

/** 2026-03-18 09:30:00 UTC */
export function absolute(moment: number): string {
  return `${iso(moment).slice(0, 19).replace('T', ' ')} UTC`;
}

/** A ratio as percent; "–" if there is none. */
export function share(ratio: number): string {
  return Number.isFinite(ratio) ? percent(ratio) : '–';
}

/** ISO time. A number outside the range of Date is shown as the epoch. */
function iso(moment: number): string {
  const date = new Date(moment * 1000);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
