import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { REQUESTS } from '../../api/endpoints.ts';
import type { Coverage } from '../../history/coverage.ts';
import { withoutRawKeys } from '../../keys/raw-keys.ts';
import type { KeyRegistry } from '../../keys/registry.ts';
import { parseQuery, QUERY_FIELDS, type SearchQuery } from '../../record/search-query.ts';
import type { SearchProcess } from '../../record/searcher.ts';
import { questionOf } from '../api.ts';
import { refuse } from '../refusal.ts';

/** Where the archive is; undefined = none is kept. */
export interface RequestArchive {
  searcher: SearchProcess;
  root: string;
  storePath: string;
  coverage: Coverage;
}

/** `GET /api/v1/requests`: the same questions as `audit search`, a page at a time. */
export function requestsApi(
  archive: RequestArchive | undefined,
  registry: () => KeyRegistry,
  logger: Logger,
): RequestHandler {
  return async (request, response) => {
    const refused = (status: number, error: string): void => refuse(request, response, status, error);
    if (!archive) return refused(404, 'no archive is kept; start the exporter with --record.archive on');
    const { question, problem } = questionOf(request, REQUESTS.parameters);
    if (problem !== undefined) return refused(400, problem);
    const { limit, cursor, ...asked } = REQUESTS.parameters.parse(question);
    const said = QUERY_FIELDS.filter((name) => asked[name] !== '').map((name) => [name, asked[name]]);
    let query: SearchQuery;
    try {
      query = parseQuery(Object.fromEntries(said), Date.now(), registry());
    } catch (error) {
      return refused(400, (error as Error).message);
    }
    const { searcher, root, storePath, coverage } = archive;
    const answer = await searcher.ask({ root, storePath, query, limit, cursor: cursor || undefined });
    if (answer.type === 'page')
      return void response.set('Cache-Control', 'no-store').json({ coverage, ...answer.page });
    if (answer.type === 'bad') return refused(400, answer.message);
    response.set('Retry-After', '5');
    if (answer.type === 'busy') return refused(429, 'too many searches are waiting; try again in 5 s');
    if (answer.type === 'tooSlow')
      return refused(503, 'the search took too long; narrow it by time, or use `audit search`');
    logger.error(`a search of the archive failed: ${withoutRawKeys(answer.message)}`);
    return refused(503, 'the search failed; see the log of the exporter');
  };
}
