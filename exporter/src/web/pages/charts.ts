import { type Html, html } from '../../text/html.ts';
import { count } from '../../text/numbers.ts';
import { type KeyFacts, MINUTE_CLASSES, type MinuteClass } from '../../usage/key-facts.ts';

/** What a bar is stacked from, bottom first: errors stand on the base line, where small ones can be seen. */
export const LAYERS = [
  { name: 'failed', classes: ['serverErrors'] },
  { name: 'limited', classes: ['throttled'] },
  { name: 'refused', classes: ['unauthorized', 'forbidden', 'other4xx'] },
  { name: 'answered', classes: ['success', 'redirect'] },
  { name: 'unanswered', classes: ['noResponse'] },
] as const satisfies { name: string; classes: readonly MinuteClass[] }[];

const MINUTES = 60;

/** Requests by minute of the hour that ends now, for each of LAYERS; the current minute is the last. */
export function hourByMinute(facts: KeyFacts | undefined, now: number): number[][] {
  const current = Math.floor(now / 60);
  return LAYERS.map(({ classes }) =>
    Array.from({ length: MINUTES }, (_, i) => {
      if (!facts) return 0;
      const { last, counts } = facts.minutes;
      const at = current - (MINUTES - 1) + i - (last - (MINUTES - 1));
      if (at < 0 || at >= MINUTES) return 0;
      return classes.reduce<number>(
        (sum, cls) => sum + counts[MINUTE_CLASSES.indexOf(cls) * MINUTES + at],
        0,
      );
    }),
  );
}

/** Bars by minute over the last hour, errors in their own colours; its words say the same without seeing. */
export function hourChart(
  facts: KeyFacts | undefined,
  now: number,
  size: { width: number; height: number; name: string },
): Html {
  const { width, height, name } = size;
  const layers = hourByMinute(facts, now);
  const totals = Array.from({ length: MINUTES }, (_, i) => layers.reduce((sum, layer) => sum + layer[i], 0));
  const peak = Math.max(...totals);
  const base = Array<number>(MINUTES).fill(height);
  const step = width / MINUTES;
  const paths = layers.map((layer, l) => {
    let path = '';
    for (let i = 0; i < MINUTES; i++) {
      if (layer[i] === 0) continue;
      // A single error among thousands still gets a visible bar.
      const bar = Math.max(1, (layer[i] / peak) * (height - 1));
      path += `M${round((i + 0.5) * step)} ${round(base[i])}v${round(-bar)}`;
      base[i] -= bar;
    }
    return path === '' ? '' : html`<path class="${LAYERS[l].name}" d="${path}"/>`;
  });
  const words = peak === 0 ? 'No requests in the last hour' : wordsOf(layers, peak);
  return html`<svg class="${name}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" stroke-width="${round(step * 0.72)}" preserveAspectRatio="none" role="img" aria-label="${words}"><path class="ground" d="M0 ${height - 0.5}H${width}" stroke-width="1"/>${paths}</svg>`;
}

function wordsOf(layers: number[][], peak: number): string {
  const [failed, limited, refused, answered, unanswered] = layers.map((layer) =>
    layer.reduce((sum, n) => sum + n, 0),
  );
  const errors = failed + limited + refused;
  return `${count(answered + errors + unanswered)} requests in the last hour, ${count(errors)} of them errors, at most ${count(peak)} in a minute`;
}

/** A horizontal bar that fills with `ratio` (0–1, more is drawn full). */
export function bar(ratio: number, tone = 'answered'): Html {
  const filled = Number.isFinite(ratio) ? Math.min(100, Math.max(0, ratio * 100)) : 0;
  return html`<svg class="bar" aria-hidden="true" width="100%" height="6"><rect class="track" width="100%" height="6" rx="3"/>${
    filled > 0 && html`<rect class="${tone}" width="${round(Math.max(1, filled))}%" height="6" rx="3"/>`
  }</svg>`;
}

const round = (n: number): number => Math.round(n * 10) / 10;
