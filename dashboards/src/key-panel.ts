import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { cardQueries, overviewQueries } from '../../grafana-plugin/src/roles/queries.ts';
import { type RoleName, roleOf } from '../../grafana-plugin/src/roles/roles.ts';
import { customPanel, instantQuery, type PanelSpec, query } from './panels.ts';
import { anyKey, chosenSince, RATE15M_EVERY, thisKey } from './queries.ts';

const PANEL = 'atender-keyusage-panel';
/** A sparkline is about a hundred pixels wide. It always shows a day, because the states beside it are current. */
const SPARKLINE = { time: '24h', points: 100, interval: RATE15M_EVERY };
/**
 * The key and the other key of its rotation, so that the query does not read every key of the tenant. In backticks,
 * because `:regex` escapes for a regular expression but not for a quoted string.
 */
const PAIR = 'tenant_id=~"$tenant",key_id=~`${key:regex}|${predecessor:regex}|${successor:regex}`';

/** The key grid of the panel plugin. */
export const keyGrid = (about: PanelSpec) => {
  const queries = {
    ...overviewQueries(anyKey()),
    // In one query, because repeating it in every query doubles the cost with a thousand keys.
    keys: chosenSince(SPARKLINE.time),
    // Recorded rates are far cheaper to read than the counters of every key.
    volume: `avg_over_time(${RECORDED.rate15m}{${anyKey()}}[$__rate_interval])`,
  };
  return customPanel(PANEL, about, { view: 'overview' }, targetsOf(queries))
    .timeFrom(SPARKLINE.time)
    .maxDataPoints(SPARKLINE.points)
    .interval(SPARKLINE.interval);
};

/** The key card of the panel plugin. */
export const keyCard = (about: PanelSpec) =>
  customPanel(PANEL, about, { view: 'key' }, targetsOf(cardQueries(thisKey(), '$key', PAIR)));

/** Queries with the role as refId. */
const targetsOf = (queries: Partial<Record<RoleName, string>>) =>
  (Object.entries(queries) as [RoleName, string][]).map(([role, expr]) => {
    const asked = { expr, refId: role };
    return roleOf(role).kind === 'series'
      ? query(asked).range()
      : instantQuery(asked).format(prometheus.PromQueryFormat.Table);
  });
