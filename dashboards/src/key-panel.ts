import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { cardQueries, overviewQueries } from '../../grafana-plugin/src/roles/queries.ts';
import { type RoleName, roleOf } from '../../grafana-plugin/src/roles/roles.ts';
import { type About, custom, query } from './panels.ts';
import { anyKey, thisKey } from './queries.ts';

const PANEL = 'atender-keyusage-panel';
const TENANT = 'tenant_id=~"$tenant"';

/** The panel plugin's grid of all chosen keys. */
export const keyGrid = (about: About) =>
  custom(PANEL, about, { view: 'overview' }, targetsOf(overviewQueries(anyKey())));

/** The panel plugin's card of the chosen key. */
export const keyCard = (about: About) =>
  custom(PANEL, about, { view: 'key' }, targetsOf(cardQueries(thisKey(), '$key', TENANT)));

/** The refId says what a query is for. */
const targetsOf = (queries: Partial<Record<RoleName, string>>) =>
  (Object.entries(queries) as [RoleName, string][]).map(([role, expr]) => {
    const asked = query({ expr, refId: role });
    return roleOf(role).kind === 'series'
      ? asked.range()
      : asked.instant().format(prometheus.PromQueryFormat.Table);
  });
