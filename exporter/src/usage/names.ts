import { OTHER } from '../health/pseudo-keys.ts';

/** The bytes as the text they are in UTF-8; undefined when they are none. */
export function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString('utf8', start, end);
  return text.includes('\ufffd') ? undefined : text;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** The method as a label: one of the usual ones in upper case, '' when absent, else `__other__`. */
export function methodName(bytes: Buffer, start: number, end: number): string {
  if (end <= start) return '';
  if (end - start > 'OPTIONS'.length) return OTHER;
  const method = bytes.toString('latin1', start, end).toUpperCase();
  return METHODS.includes(method) ? method : OTHER;
}
