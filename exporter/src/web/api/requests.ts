import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { ALL } from '../../api/endpoints.ts';
import { withoutRawKeys } from '../../keys/raw-keys.ts';
import { QUERY_FIELDS, type QueryText } from '../../record/search-query.ts';
import type { Searcher } from '../../record/searcher.ts';

/** Where the archive is; undefined = none is kept. */
export interface RequestArchive {
  searcher: Searcher;
  root: string;
  storePath: string;
}

const USUAL_LIMIT = 100;
const LARGEST_LIMIT = 1_000;
const LONGEST_VALUE = 512;

/**
 * `GET /api/v1/requests`: the same questions as `audit search`, a page at a time. JSON: `requests`, `next` (the cursor
 * of the next page or null), `partial`, `reachesTo`; or `error`, which says what to do.
 */
export function requestsApi(archive: RequestArchive | undefined, logger: Logger): RequestHandler {
  return async (request, response) => {
    if (!archive)
      return refuse(response, 404, 'no archive is kept; start the exporter with --record.archive on');
    const { query, limit, cursor, problem } = parametersOf(request);
    if (problem !== undefined) return refuse(response, 400, problem);
    const { searcher, root, storePath } = archive;
    const answer = await searcher.ask({ root, storePath, query, limit, cursor });
    if (answer.type === 'page') return send(response, 200, answer.page);
    if (answer.type === 'bad') return refuse(response, 400, answer.message);
    response.set('Retry-After', '5');
    if (answer.type === 'busy')
      return refuse(response, 429, 'too many searches are waiting; try again in 5 s');
    if (answer.type === 'tooSlow')
      return refuse(response, 503, 'the search took too long; narrow it by time, or use `audit search`');
    logger.error(`a search of the archive failed: ${withoutRawKeys(answer.message)}`);
    return refuse(response, 503, 'the search failed; see the log of the exporter');
  };
}

function parametersOf(request: Request): {
  query: QueryText;
  limit: number;
  cursor: string | undefined;
  problem?: string;
} {
  const at = request.url.indexOf('?');
  const given = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
  const known: readonly string[] = [...QUERY_FIELDS, 'limit', 'cursor'];
  const query: Record<string, string> = {};
  for (const [name, value] of given) {
    if (!known.includes(name))
      return wrong(`${shown(name)}: there is no such parameter; they are ${known.join(', ')}`);
    if (value.length > LONGEST_VALUE) return wrong(`${name}: is longer than ${LONGEST_VALUE} characters`);
    if (given.getAll(name).length > 1) return wrong(`${name}: is given more than once`);
    if (value !== '' && value !== ALL && name !== 'limit' && name !== 'cursor') query[name] = value;
  }
  const limit = Number(given.get('limit') || USUAL_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_LIMIT)
    return wrong(`limit: write a whole number from 1 to ${LARGEST_LIMIT}`);
  return { query, limit, cursor: given.get('cursor') || undefined };
}

const wrong = (problem: string) => ({ query: {}, limit: 0, cursor: undefined, problem });

const shown = (name: string): string => JSON.stringify(withoutRawKeys(name).slice(0, 40));

const refuse = (response: Response, status: number, error: string): void => send(response, status, { error });

function send(response: Response, status: number, body: object): void {
  response.status(status).set('Cache-Control', 'no-store').json(body);
}
