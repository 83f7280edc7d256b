import type { ColumnName } from '../overview/columns.ts';
import type { RoleMapping } from '../roles/roles.ts';

/** Options of the panel, as a dashboard stores them. */
export interface PanelOptions {
  view: 'overview' | 'key';
  /** Columns of the overview, as far as they fit. */
  columns: ColumnName[];
  /** The column the overview is sorted by at first. */
  sortBy: ColumnName;
  showCounts: boolean;
  showFilters: boolean;
  /** The key of the card and its tenant; variables are replaced. */
  key: string;
  tenant: string;
  /** RefIds of the queries that do not have their role's name. */
  roles: RoleMapping;
}
