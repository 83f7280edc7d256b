/**
 * What parsing in place has overwritten of the line being parsed, so that a rejected line can be quoted as the file
 * holds it. One a thread, since lines are parsed one after the other. A line without escapes puts nothing in.
 */
let arena = Buffer.allocUnsafeSlow(4096);
let used = 0;
const buffers: Buffer[] = [];
const starts: number[] = [];
const froms: number[] = [];
let count = 0;

/** Before each line: what the line before had overwritten is not asked for any more. */
export function forgetOriginals(): void {
  count = 0;
  used = 0;
}

/** How much is kept; restoreOriginals() takes it as a mark. */
export const originalsKept = (): number => count;

/** Keeps bytes[start, end) before they are overwritten. */
export function keepOriginal(bytes: Buffer, start: number, end: number): void {
  if (used + end - start > arena.length) {
    const larger = Buffer.allocUnsafeSlow(2 * (used + end - start));
    arena.copy(larger, 0, 0, used);
    arena = larger;
  }
  bytes.copy(arena, used, start, end);
  buffers[count] = bytes;
  starts[count] = start;
  froms[count] = used;
  used += end - start;
  count++;
}

/** Writes back what was kept since the mark, the last first; of a rejected line, which its quote then shows as it is. */
export function restoreOriginals(mark = 0): void {
  while (count > mark) {
    count--;
    arena.copy(buffers[count], starts[count], froms[count], used);
    used = froms[count];
  }
}
