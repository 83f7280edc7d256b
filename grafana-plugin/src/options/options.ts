import type { ColumnName } from '../overview/columns.ts';
import type { RoleMapping } from '../roles/roles.ts';

/** Panel options, as a dashboard stores them. */
export interface PanelOptions {
  view: 'overview' | 'key';
  /** Columns of the overview, if they fit. */
  columns: ColumnName[];
  /** Initial sort column of the overview. */
  sortBy: ColumnName;
  showCounts: boolean;
  showFilters: boolean;
  /** Key and tenant of the card. Variables are replaced. */
  key: string;
  tenant: string;
  /** RefIds of queries by role, if they differ from the role names. */
  roles: RoleMapping;
}
