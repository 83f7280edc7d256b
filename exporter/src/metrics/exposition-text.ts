import type { FamilyDefinition } from './families.ts';

/** The two forms a scrape may take: Prometheus' text format 0.0.4 and OpenMetrics 1.0. */
export const FORMATS = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;
export type Format = keyof typeof FORMATS;

/** The form an Accept header asks for; text where it does not clearly prefer OpenMetrics. */
export function negotiate(accept: string | undefined): Format {
  let best: Format = 'text';
  let quality = 0;
  for (const part of (accept ?? '').split(',')) {
    const [type, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice(8);
    const known =
      type === 'application/openmetrics-text' &&
      (version === undefined || version === '1.0.0' || version === '0.0.1')
        ? 'openmetrics'
        : type === 'text/plain' || type === 'text/*' || type === '*/*'
          ? 'text'
          : undefined;
    if (known && q > quality) {
      best = known;
      quality = q;
    }
  }
  return best;
}

/** HELP and TYPE. OpenMetrics names a counter's family without the `_total` of its samples. */
export function headerOf({ name, type, help }: FamilyDefinition, format: Format): string {
  const family = format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  const quoted = format === 'openmetrics' ? text.replaceAll('"', '\\"') : text;
  return `# HELP ${family} ${quoted}\n# TYPE ${family} ${type}\n`;
}

/** `name="value"` with the value escaped; no value can end it early or look like another label. */
export const label = (name: string, value: string): string => `${name}="${escapeValue(value)}"`;

function escapeValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** A sample value as both formats read it; a float64 survives the way there and back. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

/**
 * The upper bound of a bucket in seconds, a whole one with `.0` as OpenMetrics asks. Prometheus 3 makes it so whatever it
 * reads and Prometheus 2 keeps what it reads: written otherwise, an upgrade would begin these series anew.
 */
export const boundText = (bound: number): string =>
  Number.isInteger(bound) ? `${bound}.0` : numberText(bound);

/** One sample: its labels as they are written, and its value. */
export type Sample = [labels: string, value: number];

/** A family; one without samples is left out. */
export function family(definition: FamilyDefinition, format: Format, samples: Sample[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map(([labels, value]) => sampleText(definition.name, labels, value));
  return headerOf(definition, format) + lines.join('');
}

export const sampleText = (name: string, labels: string, value: number): string =>
  `${name}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}\n`;
