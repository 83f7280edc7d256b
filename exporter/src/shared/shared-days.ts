import { dateOf } from '../time/days.ts';
import type { EndpointRow } from '../usage/changes.ts';
import { DayFigures, OTHER_ENDPOINT } from '../usage/day-figures.ts';
import { latin1, restOf } from './mergeable-facts.ts';

const DAY_MS = 86_400_000;

/** Days of an API key that stay in Redis. */
export const DAYS_KEPT = 400;

/** Days that were added up, by UTC day since the epoch, and what their endpoints are by number. */
export interface SharedDays {
  days: Map<number, DayFigures>;
  endpoints: EndpointRow[];
}

/**
 * What an exporter counted of an API key on a UTC day (since the epoch), as a fact: one absolute value an instance and
 * day, so that publishing it again counts nothing twice. Of two values the one with more requests has read more. Each
 * store numbers endpoints its own way, so their names go along: the value is requests, the length of the names, the
 * names as JSON, and the figures as they are stored.
 */
export function dayFact(
  day: number,
  instance: string,
  figures: Uint8Array,
  named: readonly (EndpointRow | undefined)[],
): [name: string, value: string] {
  const { requests, endpoints } = DayFigures.outlineOf(figures);
  const rows = endpoints.flatMap((number) => named[number] ?? []);
  const names = latin1(
    Buffer.from(JSON.stringify(rows.map((row) => [row.endpoint, row.method, row.template]))),
  );
  return [dayName(day, instance), `${requests}|${names.length}|${names}${latin1(figures)}`];
}

/** The fact's name: `>2026-11-23@node-7`. */
export const dayName = (day: number, instance: string): string => `>${dateOf(day)}@${instance}`;

/** The days of all instances, added up; a value that cannot be read counts nothing. */
export function daysOf(facts: Iterable<[name: string, value: string]>): SharedDays {
  const days = new Map<number, DayFigures>();
  const endpoints = new Endpoints();
  for (const [name, value] of facts) {
    const day = Date.parse(name.slice(1, 11)) / DAY_MS;
    const figures = figuresOf(value, endpoints);
    if (!figures || !Number.isInteger(day)) continue;
    const known = days.get(day);
    if (known) known.merge(figures);
    else days.set(day, figures);
  }
  return { days, endpoints: endpoints.rows };
}

function figuresOf(value: string, endpoints: Endpoints): DayFigures | undefined {
  const [length, rest = ''] = restOf(value, 2);
  try {
    const names = JSON.parse(Buffer.from(rest.slice(0, Number(length)), 'latin1').toString());
    const numbers = new Map<number, number>();
    for (const [number, method, template] of names) numbers.set(number, endpoints.numberOf(method, template));
    const figures = DayFigures.decode(Buffer.from(rest.slice(Number(length)), 'latin1'));
    figures.renumber((endpoint) => numbers.get(endpoint) ?? OTHER_ENDPOINT);
    return figures;
  } catch {
    return undefined;
  }
}

/** Endpoints of several stores under numbers they have in common. */
class Endpoints {
  readonly rows: EndpointRow[] = [];
  private readonly numbers = new Map<string, number>();

  numberOf(method: string, template: string): number {
    const name = JSON.stringify([method, template]);
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const endpoint = this.rows.length;
    this.rows.push({ endpoint, method, template });
    this.numbers.set(name, endpoint);
    return endpoint;
  }
}
