import { DayFigures } from '../usage/day-figures.ts';
import { type Facts, restOf } from './facts.ts';

const DAY_MS = 86_400_000;

/**
 * What an exporter counted of an API key on a UTC day (days since the epoch), as a fact: one absolute value an instance
 * and day, so that publishing it again counts nothing twice. Of two values the one with more requests has read more.
 * Endpoints are numbered by each store and stay there, and so do the requests by scope.
 */
export function dayFact(day: number, instance: string, figures: DayFigures): [name: string, value: string] {
  figures.endpoints.clear();
  figures.scopes.clear();
  const bytes = Buffer.from(figures.encode()).toString('latin1');
  return [
    `>${new Date(day * DAY_MS).toISOString().slice(0, 10)}@${instance}`,
    `${figures.requests}|${bytes}`,
  ];
}

/** The days of all instances, added up; by day. */
export function daysOf(facts: Facts): Map<number, DayFigures> {
  const days = new Map<number, DayFigures>();
  for (const [name, value] of facts) {
    const day = Date.parse(name.slice(1, 11)) / DAY_MS;
    const figures = DayFigures.decode(Buffer.from(restOf(value, 1)[0] ?? '', 'latin1'));
    const known = days.get(day);
    if (known) known.merge(figures);
    else if (Number.isInteger(day)) days.set(day, figures);
  }
  return days;
}
