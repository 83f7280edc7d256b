/**
 * What rotation makes of a file's name. `app.log` becomes app.log.1, app.log-20261123, app.log.2026-11-23-10,
 * app-2026-11-23.log, app.1.log, app.log.old, each with or without .gz.
 */

const STAMP = /^(?:\d[\d.TtZz:_+-]*|(?:old|bak|backup|copy|orig|prev|previous|last)\d*)$/;
const SEPARATOR = /[.\-_~]/g;

export interface RotatedFrom {
  /** The name it had, or may have had. */
  name: string;
  /** True when the rest of the name is a number, a date or a word that rotation uses. */
  stamped: boolean;
}

export const isGzip = (name: string): boolean => name.endsWith('.gz');

/** The names a file may have been rotated from, the most specific (longest) first. */
export function rotatedFrom(name: string): RotatedFrom[] {
  const plain = isGzip(name) ? name.slice(0, -3) : name;
  const found: RotatedFrom[] = [];
  if (plain !== name) found.push({ name: plain, stamped: true });
  const extension = /[.](?!\d+$)[^.]+$/.exec(plain)?.[0] ?? '';
  const stem = plain.slice(0, plain.length - extension.length);
  for (const { index } of plain.matchAll(SEPARATOR)) {
    if (index === 0) continue;
    const rest = plain.slice(index + 1);
    found.push({ name: plain.slice(0, index), stamped: STAMP.test(rest) });
    if (extension !== '' && index < stem.length && STAMP.test(plain.slice(index + 1, stem.length)))
      found.push({ name: plain.slice(0, index) + extension, stamped: true });
  }
  return found.sort((a, b) => Number(b.stamped) - Number(a.stamped) || b.name.length - a.name.length);
}

/** The rotation number at the end of a name (app.log.2, app.2.log.gz → 2); NaN for dates and no number. */
function rotationNumber(name: string): number {
  const match = /[.\-_](\d{1,5})(?:\.[A-Za-z]\w*)?$/.exec(isGzip(name) ? name.slice(0, -3) : name);
  return match ? Number(match[1]) : Number.NaN;
}

/** Orders rotated files by the age of their content, oldest first: modification, then number, then name. */
export function byAge(
  a: { path: string; modifiedMs: number },
  b: { path: string; modifiedMs: number },
): number {
  if (a.modifiedMs !== b.modifiedMs) return a.modifiedMs - b.modifiedMs;
  const [one, other] = [rotationNumber(a.path), rotationNumber(b.path)];
  if (one !== other && !Number.isNaN(one) && !Number.isNaN(other)) return other - one;
  return a.path < b.path ? -1 : 1;
}
