import type { Request, RequestHandler, Response } from 'express';
import { SHARED_DAYS } from '../../api/endpoints.ts';
import { oneKey, QuestionError, type WholeKey } from '../../history/key-choice.ts';
import { detailsOf, figuresOf } from '../../history/period-figures.ts';
import { timeOf } from '../../history/time-question.ts';
import type { KeyRegistry } from '../../keys/registry.ts';
import type { Stored } from '../../keys/stored-names.ts';
import { maskKey } from '../../parse/masking.ts';
import { countsOf } from '../../store/day-merges.ts';
import { dateOf } from '../../time/days.ts';
import type { EndpointRow } from '../../usage/changes.ts';
import type { DayFigures } from '../../usage/day-figures.ts';
import { questionOf, send } from '../api.ts';

/** What exporters share of the days of keys. */
export interface SharedDays {
  readonly state: { state: 'starting' | 'up' | 'away' };
  /** All API keys that any exporter has met. */
  keys(): Stored[];
  /**
   * What is counted under these names, by UTC day since the epoch, with what the endpoints are by number. Rejects when
   * Redis is away.
   */
  days(
    names: readonly Stored[],
  ): Promise<{ days: ReadonlyMap<number, DayFigures>; endpoints: EndpointRow[] }>;
}

const RETRY_SECONDS = 2;

/** `GET /api/v1/shared/{id}`: what all exporters together counted of a key. `shared` undefined = nothing is shared. */
export function sharedDaysApi(
  shared: SharedDays | undefined,
  registry: () => KeyRegistry,
  now: () => number,
): RequestHandler {
  const refuse = (response: Response, status: number, error: string) =>
    send(response, status, JSON.stringify({ error }));
  const away = (response: Response) => {
    response.set('Retry-After', String(RETRY_SECONDS));
    refuse(response, 503, 'Redis is away; ask again, or ask /api/v1/usage for what this exporter counted');
  };
  return async (request, response) => {
    if (!shared) return refuse(response, 404, 'facts are not shared; name the Redis with --shared.redis.url');
    const { question, problem } = questionOf(request, SHARED_DAYS.parameters);
    if (problem) return refuse(response, 400, problem);
    const { tenant, from, to } = SHARED_DAYS.parameters.parse(question);
    const days = daysAsked({ from, to }, now());
    if (typeof days === 'string') return refuse(response, 400, days);
    const masked = maskKey(String((request as Request).params.id));
    let key: WholeKey<Stored> | undefined;
    try {
      key = oneKey(shared.keys(), registry(), { key: masked, tenant });
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      return refuse(response, 400, error.message);
    }
    if (!key && shared.state.state !== 'up') return away(response);
    if (!key) return refuse(response, 404, `no exporter has met a key ${JSON.stringify(masked)} yet`);
    try {
      const counted = await shared.days(key.rows);
      const asked = [...counted.days]
        .filter(([day]) => day >= days.from && day <= days.to)
        .sort(([a], [b]) => a - b);
      send(
        response,
        200,
        JSON.stringify({
          id: key.id,
          tenant: key.tenant,
          days: asked.map((each) => dayAnswer(each, counted.endpoints)),
        }),
      );
    } catch {
      away(response);
    }
  };
}

function daysAsked(asked: { from: string; to: string }, now: number): { from: number; to: number } | string {
  try {
    return timeOf({ ...asked, by: '' }, now).days;
  } catch (error) {
    return (error as Error).message;
  }
}

function dayAnswer([day, figures]: [number, DayFigures], endpoints: EndpointRow[]): object {
  const { day: _day, key: _key, ...counts } = countsOf({ day, key: 0, figures });
  const { details: _, ...shown } = figuresOf(counts, null);
  return { day: dateOf(day), ...shown, ...detailsOf(figures, endpoints) };
}
