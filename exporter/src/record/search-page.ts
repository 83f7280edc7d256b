import type { DuckDBConnection } from './duckdb.ts';
import { dayOf } from './layout.ts';
import { ArchiveSearch, type FoundRequest } from './search.ts';
import { LATEST, type SearchQuery } from './search-query.ts';

export interface PageQuestion {
  root: string;
  storePath: string;
  query: SearchQuery;
  limit: number;
  /** As the page before gave it. */
  cursor: string | undefined;
}

export interface Page {
  requests: (Omit<FoundRequest, 'time'> & { time: string })[];
  /** Where the next page begins; null = there are no more. */
  next: string | null;
  /** True when the time was over before the page was full. */
  partial: boolean;
  /** Event time of the newest request that could be found; null = there is none. */
  reachesTo: string | null;
}

/** Where to go on: behind so many requests of one moment, in the query's order. */
interface Cursor {
  /** Milliseconds since the epoch. */
  time: number;
  given: number;
}

/** A question that makes no sense; its message says what to write instead. */
export class BadQuestion extends Error {}

/** The search took longer than it may, and there is nothing to show for it. */
export class TooSlow extends Error {}

/**
 * One page of a search. After `milliseconds` what was found so far is the page, if there is anything. Throws
 * BadQuestion and TooSlow.
 */
export async function searchPage(
  connection: DuckDBConnection,
  { root, storePath, query, limit, cursor }: PageQuestion,
  milliseconds: number,
): Promise<Page> {
  const after = cursor === undefined ? undefined : decoded(cursor);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    connection.interrupt();
  }, milliseconds);
  const found: FoundRequest[] = [];
  let reachesTo = 0;
  let finished = false;
  try {
    const search = await ArchiveSearch.open(
      connection,
      root,
      storePath,
      after ? startingAt(query, after) : query,
    );
    reachesTo = search.reachesTo();
    for (const day of await search.days()) {
      if (found.length >= limit || late) break;
      const skip = after && dayOf(after.time) === day ? after.given : 0;
      for await (const rows of search.day(day, { skip, limit: limit - found.length })) found.push(...rows);
    }
    finished = !late;
  } catch (error) {
    if (!late) throw error;
  } finally {
    clearTimeout(deadline);
  }
  if (!finished && found.length === 0) throw new TooSlow('the search took too long');
  const last = found.at(-1);
  return {
    requests: found.map((request) => ({ ...request, time: new Date(request.time).toISOString() })),
    next: last && (found.length >= limit || !finished) ? encoded(behind(found, last, after)) : null,
    partial: !finished,
    reachesTo: reachesTo > 0 ? new Date(reachesTo).toISOString() : null,
  };
}

function behind(found: FoundRequest[], { time }: FoundRequest, after: Cursor | undefined): Cursor {
  const given = found.filter((request) => request.time === time).length;
  return { time, given: given + (after?.time === time ? after.given : 0) };
}

/** The query from the moment on at which a cursor stands. */
function startingAt(query: SearchQuery, { time }: Cursor): SearchQuery {
  return query.newestFirst
    ? { ...query, to: Math.min(query.to, time + 1) }
    : { ...query, from: Math.max(query.from, time) };
}

const encoded = ({ time, given }: Cursor): string => Buffer.from(`${time}.${given}`).toString('base64url');

function decoded(text: string): Cursor {
  const match = /^(\d{1,15})\.(\d{1,9})$/.exec(Buffer.from(text, 'base64url').toString('latin1'));
  if (!match || Number(match[1]) >= LATEST)
    throw new BadQuestion('cursor: give it as the page before had it under next');
  return { time: Number(match[1]), given: Number(match[2]) };
}
