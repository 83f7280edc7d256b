import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { cardQueries, overviewQueries } from '../../grafana-plugin/src/roles/queries.ts';
import { type RoleName, roleOf } from '../../grafana-plugin/src/roles/roles.ts';
import { type About, custom, present, query } from './panels.ts';
import { anyKey, chosenSince, RATE15M_EVERY, thisKey } from './queries.ts';

const PANEL = 'atender-keyusage-panel';
/** A sparkline is some hundred pixels wide. A day, whatever is shown: the states beside it are those of now. */
const SPARKLINE = { time: '24h', points: 100, interval: RATE15M_EVERY };
/**
 * The key and the other key of its rotation, so that not every key of the tenant is read for one of them. In
 * backticks, since `:regex` escapes for a regular expression and not for a quoted string.
 */
const PAIR = 'tenant_id=~"$tenant",key_id=~`${key:regex}|${predecessor:regex}|${successor:regex}`';

/** The panel plugin's grid of all chosen keys. */
export const keyGrid = (about: About) => {
  const queries = {
    ...overviewQueries(anyKey()),
    // Once, and not in each query: of a thousand keys that costs as much as what it is asked about.
    keys: chosenSince(SPARKLINE.time),
    // Far cheaper to read than the counters of every key.
    volume: `avg_over_time(${RECORDED.rate15m}{${anyKey()}}[$__rate_interval])`,
  };
  return custom(PANEL, about, { view: 'overview' }, targetsOf(queries))
    .timeFrom(SPARKLINE.time)
    .maxDataPoints(SPARKLINE.points)
    .interval(SPARKLINE.interval);
};

/** The panel plugin's card of the chosen key. */
export const keyCard = (about: About) =>
  custom(PANEL, about, { view: 'key' }, targetsOf(cardQueries(thisKey(), '$key', PAIR)));

/** The refId says what a query is for. */
const targetsOf = (queries: Partial<Record<RoleName, string>>) =>
  (Object.entries(queries) as [RoleName, string][]).map(([role, expr]) => {
    const asked = { expr, refId: role };
    return roleOf(role).kind === 'series'
      ? query(asked).range()
      : present(asked).format(prometheus.PromQueryFormat.Table);
  });
