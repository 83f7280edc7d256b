import { QuestionError } from '../history/key-choice.ts';

/**
 * One page of a list whose entries have a rising place. A cursor says the place of the last entry of the page
 * before, so what comes in between moves nothing.
 */
export function pageOf<T>(
  all: readonly T[],
  { limit, cursor }: { limit: number; cursor: string },
  placeOf: (item: T) => number,
): { items: T[]; next: string | null } {
  const after = cursor === '' ? -1 : placeIn(cursor);
  const rest = all.filter((item) => placeOf(item) > after);
  const items = rest.slice(0, limit);
  return { items, next: rest.length > limit ? cursorOf(placeOf(items[items.length - 1])) : null };
}

const cursorOf = (place: number): string => Buffer.from(`after ${place}`).toString('base64url');

function placeIn(cursor: string): number {
  const found = /^after (\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!found) throw new QuestionError('cursor: this is none; take `next` of the page before as it is');
  return Number(found[1]);
}
