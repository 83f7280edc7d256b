import { type Html, html } from '../markup/html.ts';

/** A bar for each day, the highest as high as the plot. Width and height in pixels. */
export function bars(values: readonly number[], width: number, height: number): Html {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  const rectangles = values.map((value, i) => {
    if (value === 0) return '';
    const high = Math.max(1, (value / most) * height);
    const at = [
      (i * step).toFixed(2),
      (height - high).toFixed(2),
      Math.max(0.5, step - 0.5).toFixed(2),
      high.toFixed(2),
    ];
    return html`<rect x="${at[0]}" y="${at[1]}" width="${at[2]}" height="${at[3]}"/>`;
  });
  const said = `${values.length} days, at most ${most.toLocaleString('en-US')} requests a day`;
  return html`<svg class="bars" role="img" aria-label="${said}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none"><title>${said}</title>${rectangles}</svg>`;
}
