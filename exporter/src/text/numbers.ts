/** Numbers as people read them, for sentences about a key. Never throws; NaN reads "unknown". */

/** 0.0731 → "7.31 %". Only what is whole says 100 %. */
export function percent(ratio: number): string {
  if (!Number.isFinite(ratio)) return 'unknown';
  const rounded = Number((ratio * 100).toFixed(2));
  return `${ratio < 1 && rounded === 100 ? 99.99 : rounded} %`;
}

/** Made once: a formatter costs far more to make than to use. */
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1204 → "1,204". Whole: where increase() extrapolates, the fractions say nothing. */
export function count(n: number): string {
  if (!Number.isFinite(n)) return 'unknown';
  // Most are small, and a formatter is slow where nothing is to be grouped.
  return n >= 0 && n < 999 ? String(Math.round(n)) : WHOLE.format(n);
}

const TENTHS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** 1204.56 → "1,204.6". */
export function tenths(n: number): string {
  return Number.isFinite(n) ? TENTHS.format(n) : 'unknown';
}

/** "1 request", "12 requests". */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${Math.round(n) === 1 ? '' : 's'}`;
}

const UNITS: [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** 8,040 → "2 h 14 min": the two largest units, rounded down. Negative spans read as 0 s. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0) parts.push(`${whole} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(' ') : '0 s';
}
