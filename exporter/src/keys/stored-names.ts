/** Labels under which requests are counted and archived: of a key, and of these tenants or all but these. */
export type StoredName = { id: string } & ({ of: readonly string[] } | { except: readonly string[] });

/** What is stored under a key's and a tenant's label. */
export interface Stored {
  id: string;
  tenant: string;
}

export const isUnder = (names: readonly StoredName[], { id, tenant }: Stored): boolean =>
  names.some((name) => name.id === id && isOf(name, tenant));

/** Whether a name covers requests of the tenant. */
export const isOf = (name: StoredName, tenant: string): boolean =>
  'of' in name ? name.of.includes(tenant) : !name.except.includes(tenant);
