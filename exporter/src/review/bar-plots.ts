import { type Html, html } from '../text/html.ts';
import { count } from '../text/numbers.ts';

/** How high the plot is in its own units: the highest bar; bars are at least LEAST high. */
const HIGH = 100;
const LEAST = 3;

/** A bar for each day, the highest as high as the plot, named `id` to be shown again. Width and height in pixels. */
export function bars(id: string, values: readonly number[], width: number, height: number): Html {
  const most = Math.max(1, ...values);
  let path = '';
  for (let i = 0; i < values.length; i++)
    if (values[i] > 0)
      path += `M${i} ${HIGH}V${HIGH - Math.max(LEAST, Math.round((HIGH * values[i]) / most))}`;
  return plot(html`<path id="${id}" d="${path}"/>`, values, width, height);
}

/** The bars named `id` of the same values once more: one drawing of them is enough for the page. */
export const barsAgain = (id: string, values: readonly number[], width: number, height: number): Html =>
  plot(html`<use href="#${id}"/>`, values, width, height);

function plot(drawing: Html, values: readonly number[], width: number, height: number): Html {
  const said = `${values.length} days, at most ${count(Math.max(1, ...values))} requests a day`;
  return html`<svg class="bars" role="img" aria-label="${said}" width="${width}" height="${height}" viewBox="-.5 0 ${Math.max(1, values.length)} ${HIGH}" preserveAspectRatio="none"><title>${said}</title>${drawing}</svg>`;
}
