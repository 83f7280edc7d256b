import type { DayRow } from '../usage/changes.ts';
import { DayFigures, OTHER_ENDPOINT } from '../usage/day-figures.ts';

export type DayVerdict =
  | 'same'
  | 'different'
  /** Different in the busiest minute only: the first count did not see it in lines that came late. */
  | 'late'
  /** The archive has fewer requests than were counted: it is not all of the day. */
  | 'kept';

/** What becomes of a key's day, and what is stored of it now. */
export interface ReconciledRow extends DayRow {
  verdict: DayVerdict;
  stored: DayFigures | undefined;
}

/**
 * Holds what an archive gives of one day against what is stored of it. A key's day stays as it is when the archive has
 * fewer requests of any status. `other`: the key `__other__`, undefined where there is none; what named keys have more
 * than is stored of them, it has less, so that no request is in the day twice. That goes by status, which no later
 * knowledge of keys and endpoints changes.
 */
export function reconciledDay(
  day: number,
  rebuilt: readonly DayRow[],
  storedOf: (key: number) => DayFigures | undefined,
  other: number | undefined,
): ReconciledRow[] {
  const rows: ReconciledRow[] = [];
  const gained = new Map<number, number>();
  for (const { key, figures: counted } of rebuilt) {
    if (key === other) continue;
    const stored = storedOf(key);
    const figures = withBytes(counted, stored);
    const verdict = stored && isFewer(figures, stored) ? 'kept' : likeness(stored, figures);
    rows.push({ day, key, figures, stored, verdict });
    if (verdict !== 'different') continue;
    for (const [status, count] of figures.statuses)
      gained.set(status, (gained.get(status) ?? 0) + count - (stored?.statuses.get(status) ?? 0));
  }
  if (other === undefined) return rows;
  const counted = rebuilt.find(({ key }) => key === other)?.figures ?? new DayFigures();
  const stored = storedOf(other);
  const figures = reconciledOther(counted, stored, gained);
  if (stored || figures.requests > 0) {
    const isPartial = figures === stored && isFewer(counted, stored);
    rows.push({ day, key: other, figures, stored, verdict: isPartial ? 'kept' : likeness(stored, figures) });
  }
  return rows;
}

function likeness(stored: DayFigures | undefined, figures: DayFigures): DayVerdict {
  if (!stored) return 'different';
  if (figures.isLike(stored)) return 'same';
  return stored.untimed > 0 && figures.isLike(stored, { minutes: false }) ? 'late' : 'different';
}

/** Whether there are fewer requests of any status. */
const isFewer = (figures: DayFigures, stored: DayFigures): boolean =>
  [...stored.statuses].some(([status, count]) => (figures.statuses.get(status) ?? 0) < count);

/** A single response of 4 GiB or more is smaller in the archive: a larger sum is the exact one. */
function withBytes(figures: DayFigures, stored: DayFigures | undefined): DayFigures {
  if (!stored || stored.bytes <= figures.bytes) return figures;
  const copy = DayFigures.decode(figures.encode());
  copy.bytes = stored.bytes;
  return copy;
}

/** What is counted anew, what is stored, or what is left of that: its endpoints and scopes are not known then. */
function reconciledOther(
  counted: DayFigures,
  stored: DayFigures | undefined,
  gained: ReadonlyMap<number, number>,
): DayFigures {
  if (!stored) return counted;
  const left = new DayFigures();
  for (const status of new Set([...stored.statuses.keys(), ...counted.statuses.keys()])) {
    const known = counted.statuses.get(status) ?? 0;
    const requests = Math.max(known, (stored.statuses.get(status) ?? 0) - (gained.get(status) ?? 0));
    if (requests > 0) left.count(OTHER_ENDPOINT, status, requests);
  }
  const isAsMany = (figures: DayFigures) => !isFewer(figures, left) && !isFewer(left, figures);
  return [counted, stored].find(isAsMany) ?? left;
}
