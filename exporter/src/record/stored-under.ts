import type { StoredName } from '../keys/stored-names.ts';
import type { Wanted } from './spool-table.ts';

/** The requests that are stored under one of these names, as a condition on the archive's columns. */
export function storedUnder(names: readonly StoredName[]): Wanted {
  const parts = names.filter((name) => !('of' in name) || name.of.length > 0).map(nameCondition);
  if (parts.length === 0) return { sql: 'false', values: [] };
  return {
    sql: `(${parts.map(({ sql }) => sql).join(' OR ')})`,
    values: parts.flatMap(({ values }) => values),
  };
}

/** Where a column has one of these values, of which there is at least one. */
export const oneOf = (column: string, values: readonly string[]): Wanted => ({
  sql: values.length === 1 ? `${column} = ?` : `${column} IN (${values.map(() => '?').join(', ')})`,
  values: [...values],
});

function nameCondition(name: StoredName): Wanted {
  const key = oneOf('key_id', [name.id]);
  const tenants = 'of' in name ? name.of : name.except;
  if (tenants.length === 0) return key;
  const { sql, values } = oneOf('tenant_id', tenants);
  return {
    sql: `(${key.sql} AND ${'of' in name ? '' : 'NOT '}(${sql}))`,
    values: [...key.values, ...values],
  };
}
