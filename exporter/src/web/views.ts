import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import { counted } from '../text/numbers.ts';
import { FAMILIES } from '../usage/changes.ts';
import { ICON } from './assets/icon.ts';
import { SCRIPT } from './assets/script.ts';
import { STYLESHEET } from './assets/stylesheet.ts';
import { detailOf } from './key-detail.ts';
import { listKeys, parseListQuery } from './key-list.ts';
import { KeyOverviews, lacksOthers, type Observed } from './key-overview.ts';
import { keyPage } from './pages/key-page.ts';
import { missingPage } from './pages/missing-page.ts';
import { type OverviewModel, overviewPage } from './pages/overview-page.ts';
import { type PipelineFact, pipelineFacts } from './pipeline.ts';

const compressed = promisify(gzip);

/** The pages people look at. */
export function views(observed: Observed): { overview: RequestHandler; key: RequestHandler } {
  const { mirror } = observed;
  const overviews = new KeyOverviews(observed);
  return {
    overview: async (request, response) => {
      const query = parseListQuery(parametersOf(request));
      const keys = await overviews.all();
      // Of ten thousand keys each of these steps takes some ten milliseconds.
      await setImmediate();
      const list = listKeys(keys, query);
      await setImmediate();
      const now = observed.now();
      const pipeline = [
        ...pipelineFacts(mirror, observed.ingesting(), now),
        ...stopped(overviews.silentTogether()),
      ];
      await sendPage(
        request,
        response,
        await overviewPage({
          ...{ query, list, pipeline, now, ...countedBeside(observed) },
          ...{ covers: coversOf(observed), partial: lacksOthers(observed) },
        }),
      );
    },
    key: async (request, response) => {
      const parameters = parametersOf(request);
      const id = withoutRawKeys(String(request.params.id ?? parameters.get('id') ?? ''));
      const key = overviews.one(id, parameters.get('tenant') ?? '');
      const now = observed.now();
      if (!key) return sendPage(request, response.status(404), missingPage(now, 'There is no such key.'));
      const { refresh } = parseListQuery(parameters);
      await sendPage(
        request,
        response,
        keyPage({
          ...{ key, detail: detailOf(mirror, key), now, refresh },
          ...{ covers: coversOf(observed), partial: lacksOthers(observed) },
        }),
      );
    },
  };
}

/** What the page says at its top where exporters share facts. */
function coversOf({ coverage, sharing }: Observed): string {
  if (!coverage || coverage.complete) return '';
  const counters = `Counts by status and endpoint cover exporter ${coverage.instance} only.`;
  return sharing?.() === 'up'
    ? `${counters} Last used, IP addresses, scopes and the last hour are of all exporters that share facts through Redis.`
    : `${counters} Redis is away, so everything else covers this exporter only, too. Other exporters may have counted more.`;
}

/** All real-time keys at once: that is the log. */
const stopped = (keys: number): PipelineFact[] =>
  keys === 0
    ? []
    : [
        {
          name: 'Log',
          text: 'has probably stopped',
          detail: `All ${counted(keys, 'real-time key')} fell silent together, so no key is called silent.`,
          concern: 'broken',
        },
      ];

/** Sends a page that nobody may keep: it holds what only those with credentials may see. */
export async function sendPage(request: Request, response: Response, text: string): Promise<void> {
  response.set({ 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  response.vary('Accept-Encoding');
  const zipped = request.acceptsEncodings('gzip', 'identity') === 'gzip';
  if (zipped) response.set('Content-Encoding', 'gzip');
  const body = zipped ? await compressed(text) : Buffer.from(text);
  response.set('Content-Length', String(body.length));
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Style sheet, script and icon, by path. */
export const ASSETS: Record<string, RequestHandler> = {
  '/page.css': asset('text/css; charset=utf-8', STYLESHEET),
  '/page.js': asset('text/javascript; charset=utf-8', SCRIPT),
  '/icon.svg': asset('image/svg+xml', ICON),
};

function asset(type: string, text: string): RequestHandler {
  return (_, response) => {
    response.set({ 'Content-Type': type, 'Cache-Control': 'no-cache' }).send(text);
  };
}

/** The parameters of the query string. */
export const parametersOf = (request: Request): URLSearchParams => {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
};

function countedBeside({ mirror }: Observed): Pick<OverviewModel, 'beside' | 'countingSince'> {
  const beside: OverviewModel['beside'] = [];
  let countingSince = 0;
  for (const { key, id } of mirror.keys) {
    const first = mirror.factsOf(key)?.firstUsed ?? 0;
    if (first > 0 && (countingSince === 0 || first < countingSince)) countingSince = first;
    if (id !== NO_KEY && id !== OTHER) continue;
    let requests = 0;
    for (const series of mirror.seriesOfKey[key] ?? [])
      if (mirror.series.family(series) === FAMILIES.requests) requests += mirror.series.value(series);
    const words = id === NO_KEY ? 'without a key' : 'of keys beyond the limits';
    if (requests > 0) beside.push({ id, words, requests });
  }
  return { beside, countingSince };
}
