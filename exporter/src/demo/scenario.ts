import type { CheckName } from '../health/checks.ts';
import { CONSUMERS, type Consumer, DAY, type Episode, HOUR, MINUTE, type Route } from './consumers.ts';
import { Random } from './random.ts';

/** Who does what when. Everything follows from these numbers: the same ones give the same requests. */
export interface Scenario {
  seed: number;
  /** The moment the demonstration starts, milliseconds since the epoch, a whole minute. */
  start: number;
  /** Factor on all rates; below 1 some keys have too few requests to show their state. */
  rate: number;
}

/** A request as it stands in the log. */
export interface DemoRequest {
  /** Milliseconds since the epoch. */
  at: number;
  keyId: string;
  tenantId: string;
  method: string;
  endpoint: string;
  status: number;
  ip: string;
  durationMs: number;
  bytes: number;
  userAgent: string;
  requestId: string;
}

/** Something an alert is expected to see. Milliseconds since the epoch; to = null: it lasts. */
export interface Incident {
  keyId: string;
  tenantId: string;
  /** The check, and by it the alert, that sees it. */
  kind: CheckName;
  from: number;
  to: number | null;
}

export function scenarioOf(options: { now: number; seed?: number; rate?: number }): Scenario {
  const start = Math.floor(options.now / MINUTE) * MINUTE;
  return { seed: options.seed ?? 1, start, rate: options.rate ?? 1 };
}

/**
 * All requests with from <= at < to (milliseconds), in order of time. What happens in a minute depends on
 * that minute alone, so adjoining slices neither overlap nor leave a gap, however time is cut.
 */
export function requestsBetween(
  scenario: Scenario,
  from: number,
  to: number,
  consumers: readonly Consumer[] = CONSUMERS,
): DemoRequest[] {
  const requests: DemoRequest[] = [];
  for (let minute = Math.floor(from / MINUTE) * MINUTE; minute < to; minute += MINUTE)
    for (const consumer of consumers)
      for (const request of requestsInMinute(scenario, consumer, minute))
        if (request.at >= from && request.at < to) requests.push(request);
  return requests.sort((a, b) => a.at - b.at);
}

/** What the scenario holds that an alert should see. */
export function incidentsOf(scenario: Scenario): Incident[] {
  return CONSUMERS.flatMap(({ id, tenant, episodes }) =>
    episodes.flatMap(({ incident, from, to }) =>
      incident === undefined
        ? []
        : [
            {
              keyId: id,
              tenantId: tenant,
              kind: incident,
              from: scenario.start + from,
              to: Number.isFinite(to) ? scenario.start + to : null,
            },
          ],
    ),
  );
}

/** Requests older than a history may reach, without which a key would look as if it was never used. */
export function beforeHistory(
  scenario: Scenario,
  historyFrom: number,
): { from: number; to: number; who: Consumer[] } {
  const from = Math.min(historyFrom, scenario.start - 40 * DAY);
  return {
    from,
    to: Math.min(historyFrom, scenario.start - 34 * DAY),
    who: CONSUMERS.filter((one) => one.shows === 'stale'),
  };
}

function requestsInMinute(scenario: Scenario, consumer: Consumer, minute: number): DemoRequest[] {
  if (consumer.perMinute === 0) return [];
  const passed = minute - scenario.start;
  const now = consumer.episodes.filter((episode) => passed >= episode.from && passed < episode.to);
  const factor = now.reduce((product, episode) => product * rateIn(episode, passed), scenario.rate);
  if (factor === 0) return [];
  const random = new Random(scenario.seed, CONSUMERS.indexOf(consumer), minute / MINUTE);
  const count = random.poisson(consumer.perMinute * rhythm(consumer, minute) * factor);
  return Array.from({ length: count }, () =>
    request(consumer, now, passed, minute + random.below(MINUTE), random),
  );
}

function rateIn({ rate = 1, until, from, to }: Episode, passed: number): number {
  return until === undefined ? rate : rate + ((until - rate) * (passed - from)) / (to - from);
}

/** Share of the busiest hour: 14:00 UTC on working days; never so low that a real-time key looks silent. */
function rhythm(consumer: Consumer, at: number): number {
  if (consumer.rhythm === 'steady') return 1;
  const hour = (at % DAY) / HOUR;
  const byDay = 0.45 + 0.275 * (1 - Math.cos(((hour - 2) / 12) * Math.PI));
  // The epoch began on a Thursday.
  const weekday = (Math.floor(at / DAY) + 4) % 7;
  return weekday === 0 || weekday === 6 ? byDay * 0.8 : byDay;
}

function request(
  consumer: Consumer,
  episodes: Episode[],
  passed: number,
  at: number,
  random: Random,
): DemoRequest {
  let route = weighted(consumer.routes, random);
  let ip = random.pick(consumer.addresses);
  let status = random.next() < (consumer.strays ?? 0) ? 404 : route.method === 'POST' ? 201 : 200;
  for (const { from, routes, addresses, answers } of episodes) {
    if (routes && random.next() < routes.share)
      route = routes.route(Math.floor((passed - from) / routes.every));
    if (addresses && random.next() < addresses.share)
      ip = addresses.address(Math.floor((passed - from) / addresses.every));
    if (answers && random.next() < answers.share) status = random.pick(answers.statuses);
  }
  const failed = status >= 400;
  return {
    at,
    keyId: consumer.id,
    tenantId: consumer.tenant,
    method: route.method,
    endpoint: withId(route.path, random),
    status,
    ip,
    durationMs: Math.round(
      failed && status < 500 ? 2 + random.below(6) : 12 - 60 * Math.log(1 - random.next()),
    ),
    bytes: failed ? 96 : 200 + random.below(4000),
    userAgent: consumer.userAgent,
    requestId: `req_${hex(random)}`,
  };
}

function weighted(routes: readonly Route[], random: Random): Route {
  let total = 0;
  for (const { weight } of routes) total += weight;
  let rest = random.next() * total;
  for (const route of routes) {
    rest -= route.weight;
    if (rest < 0) return route;
  }
  return routes[0];
}

function withId(path: string, random: Random): string {
  if (!path.includes('{')) return path;
  return path.includes('{u}') ? path.replace('{u}', uuid(random)) : path.replace('{n}', number(random));
}

const number = (random: Random): string => String(10_000 + random.below(90_000));
const hex = (random: Random): string =>
  random
    .below(2 ** 32)
    .toString(16)
    .padStart(8, '0');

/** A version 4 UUID. */
function uuid(random: Random): string {
  const [a, b, c, d] = [hex(random), hex(random), hex(random), hex(random)];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}
