const LONGEST = 400;
const UNITS: Record<string, number> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  // UTF-8 of the micro sign and of the Greek mu, a character a byte.
  'Â\u00b5s': 1e-6,
  'Î\u00bcs': 1e-6,
  ns: 1e-9,
};
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const PART = /(\d+\.?\d*|\.\d+) ?(h|ms|m|s|us|Â\u00b5s|Î\u00bcs|ns)(?![a-z])/y;
/** How nginx writes a list: servers that were tried one after the other, and groups of servers. */
const SEPARATOR = /, | : /;

/**
 * Seconds of a duration that is more than a number: with units (`18ms`, `1m2s`, `360.541µs`), or a list as nginx
 * writes it for several upstream servers (`0.005, 0.019`, `0.005 : 0.019`), which is summed up. A number without
 * unit is of `perSecond` to a second; `-` in a list is no time. NaN when the text is no duration; -1 when it says
 * that there is none.
 */
export function durationSeconds(bytes: Buffer, start: number, end: number, perSecond: number): number {
  if (end - start > LONGEST) return Number.NaN;
  const elements = bytes.toString('latin1', start, end).trim().split(SEPARATOR);
  let sum = -1;
  for (const element of elements) {
    const text = element.trim();
    if (text === '-' || text === '') continue;
    const seconds = NUMBER.test(text) ? Number(text) / perSecond : withUnits(text);
    if (!(seconds >= 0)) return Number.NaN;
    sum = Math.max(sum, 0) + seconds;
  }
  return sum;
}

function withUnits(text: string): number {
  let seconds = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    if (text[PART.lastIndex] === ' ' && PART.lastIndex > 0) PART.lastIndex++;
    const found = PART.exec(text);
    if (found === null) return Number.NaN;
    seconds += Number(found[1]) * UNITS[found[2]];
  }
  return text === '' ? Number.NaN : seconds;
}
