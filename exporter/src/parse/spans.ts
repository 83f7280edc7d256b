const SPACE = 32;

/** Whether bytes[p, end) begin with the word. */
export function startsWith(bytes: Uint8Array, p: number, end: number, word: Uint8Array): boolean {
  if (end - p < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[p + i] !== word[i]) return false;
  return true;
}

/** Whether bytes[start, end) are the word. */
export const equals = (bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean =>
  word.length === end - start && startsWith(bytes, start, end, word);

/** Position of the next space, `end` when there is none. */
export function wordEnd(bytes: Uint8Array, from: number, end: number): number {
  let p = from;
  while (p < end && bytes[p] !== SPACE) p++;
  return p;
}

/** Position of the next byte that is neither blank nor a control character, `end` when there is none. */
export function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let p = from;
  while (p < end && bytes[p] <= SPACE) p++;
  return p;
}
