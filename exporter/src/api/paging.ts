import { QuestionError } from '../history/key-choice.ts';
import type { EndpointName } from './endpoints.ts';

/**
 * One page of a list whose entries have a rising place, a whole number. A cursor says the place of the last entry of the
 * page before, so what comes in between moves nothing, and of which list. Throws QuestionError.
 */
export function pageOf<T>(
  list: EndpointName,
  all: readonly T[],
  { limit, cursor }: { limit: number; cursor: string },
  placeOf: (item: T) => number,
): { items: T[]; next: string | null } {
  const after = cursor === '' ? Number.NEGATIVE_INFINITY : placeIn(list, cursor);
  const rest = all.filter((item) => placeOf(item) > after);
  const items = rest.slice(0, limit);
  return { items, next: rest.length > limit ? cursorOf(list, placeOf(items[items.length - 1])) : null };
}

const cursorOf = (list: EndpointName, place: number): string =>
  Buffer.from(`${list} after ${place}`).toString('base64url');

function placeIn(list: EndpointName, cursor: string): number {
  const [, name, place] =
    /^(\w+) after (-?\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (name === list) return Number(place);
  throw new QuestionError('cursor: this is none; take `next` of the page before as it is');
}
