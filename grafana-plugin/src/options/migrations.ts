import type { PanelModel } from '@grafana/data';
import { COLUMN_NAMES, type ColumnName } from '../overview/columns.ts';
import { ROLE_NAMES, type RoleMapping } from '../roles/roles.ts';
import type { PanelOptions } from './options.ts';

/**
 * Migrates options of earlier versions and drops invalid values, so that a hand-written dashboard cannot break the panel.
 * Absent options stay absent: Grafana fills in defaults.
 */
export function migrateOptions(panel: Pick<PanelModel, 'options'>): Partial<PanelOptions> {
  const stored = Object.fromEntries(Object.entries({ ...panel.options }).filter(isOfItsType));
  const columns = columnsOf(stored.columns);
  return {
    ...stored,
    ...(stored.view !== undefined && { view: stored.view === 'key' ? 'key' : 'overview' }),
    ...(stored.columns !== undefined && { columns }),
    ...(stored.sortBy !== undefined && { sortBy: isColumn(stored.sortBy) ? stored.sortBy : 'state' }),
    ...(stored.roles !== undefined && { roles: rolesOf(stored.roles) }),
  };
}

const TYPES: Record<string, string> = {
  showCounts: 'boolean',
  showFilters: 'boolean',
  key: 'string',
  tenant: 'string',
};
const isOfItsType = ([name, value]: [string, unknown]): boolean =>
  TYPES[name] === undefined || typeof value === TYPES[name];

const isColumn = (value: unknown): value is ColumnName =>
  (COLUMN_NAMES as readonly unknown[]).includes(value);

/** An empty list is valid. A list without any known column falls back to all columns. */
function columnsOf(stored: unknown): ColumnName[] {
  const columns = Array.isArray(stored) ? stored.filter(isColumn) : [];
  return columns.length > 0 || (Array.isArray(stored) && stored.length === 0) ? columns : [...COLUMN_NAMES];
}

function rolesOf(stored: unknown): RoleMapping {
  if (typeof stored !== 'object' || stored === null) return {};
  const pairs = Object.entries(stored).filter(
    ([role, refId]) => (ROLE_NAMES as string[]).includes(role) && typeof refId === 'string',
  );
  return Object.fromEntries(pairs);
}
