import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import { type RequestArchive, requestsApi } from './api/requests.ts';
import { type SharedDays, sharedDaysApi } from './api/shared-days.ts';
import { type Answers, apiHandlers } from './api.ts';
import { type Access, type Bound, guard, securityHeaders } from './guard.ts';
import { healthy, ready } from './health.ts';
import type { Observed } from './key-overview.ts';
import { missingPage } from './pages/missing-page.ts';
import { refuse } from './refusal.ts';
import { type ReloadResult, reloads } from './reload.ts';
import { type RenderedMetrics, scrapes } from './scrapes.ts';
import { ASSETS, sendPage, views } from './views.ts';

export interface WebApp extends Observed {
  exposition: RenderedMetrics;
  /** Told of every scrape: how long rendering took and how large it was. */
  scraped?: (seconds: number, bytes: number) => void;
  /** What all exporters counted; undefined where nothing is shared. */
  sharedDays?: SharedDays | undefined;
  onReload: () => Promise<ReloadResult>;
  /** Who answers the API, and as which version; without, there is none. */
  api?: { answers: Answers; version: string };
  /** undefined = no archive of single requests is kept. */
  archive?: RequestArchive | undefined;
  access: () => Access;
  bound: () => Bound;
  logger: Logger;
}

/** Which path is answered by what. */
export function webApp(options: WebApp): Express {
  const { mirror, ingesting, exposition, access, bound, logger, now } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  app.set('query parser', false);
  app.use(securityHeaders, guard(access, bound, logger));

  const { overview, key } = views(options);
  const gets: Record<string, RequestHandler> = {
    '/': overview,
    '/keys/': key,
    '/keys/:id': key,
    '/api/v1/requests': requestsApi(options.archive, options.registry, logger),
    '/api/v1/shared/:id': sharedDaysApi(options.sharedDays, options.registry, now),
    '/metrics': scrapes(exposition, options.scraped ?? (() => {})),
    '/-/healthy': healthy(ingesting),
    '/-/ready': ready(mirror, ingesting, options.sharing ?? (() => undefined)),
    ...(options.api ? apiHandlers(options.api.answers, options.api.version) : {}),
    ...ASSETS,
  };
  for (const [path, handler] of Object.entries(gets)) app.route(path).get(handler).all(onlyBy('GET, HEAD'));
  app.route('/-/reload').post(reloads(options.onReload)).all(onlyBy('POST'));

  app.use((request, response) => {
    if (request.path.startsWith('/api/'))
      refuse(request, response, 404, 'there is no such path; see /api/v1/openapi.json');
    else sendPage(request, response.status(404), missingPage(now(), 'There is no such page.'));
  });
  const failed: ErrorRequestHandler = (error, request, response, _next) => {
    const known = typeof error?.status === 'number' && error.status >= 400 && error.status < 500;
    if (!known)
      logger.error({ err: error, path: withoutRawKeys(request.path) }, 'a request could not be answered');
    if (response.headersSent) return void response.destroy();
    response.removeHeader('Content-Encoding');
    if (known) refuse(request, response, 400, 'The request makes no sense.\n');
    else refuse(request, response, 500, 'Something went wrong; see the log of the exporter.\n');
  };
  app.use(failed);
  return app;
}

function onlyBy(allow: string): RequestHandler {
  return (request, response) => refuse(request, response.set('Allow', allow), 405, `Only ${allow} here.\n`);
}
