import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import type { KeyEntry } from './key.ts';
import { keyLabel, tenantLabel, tenantsAsked } from './key-labels.ts';
import { maskedFormIn } from './raw-keys.ts';
import type { KeyRegistry } from './registry.ts';
import { isOf, type StoredName } from './stored-names.ts';

/** A key by its id, a fingerprint, the raw key or a label; `tenant` '' = any, NO_TENANT = none. */
export interface AskedKey {
  key: string;
  tenant: string;
}

/**
 * Everything that a question may mean: what has the name itself, as the log or as a label has it, and what is stored
 * under any name of an entry so called. Of the tenant asked for are requests that carry it, and those of its entries.
 */
export function namesAsked(registry: KeyRegistry, { key, tenant }: AskedKey): StoredName[] {
  const tenants = tenantsAsked(tenant);
  const ids = labelsAsked(key);
  const entries = new Set(ids.flatMap((id) => registry.entriesLabelled(id)));
  return [
    ...ids.map((id) => (tenants ? { id, of: tenants } : { id, except: [] })),
    ...[...entries].flatMap((entry) =>
      !tenants || (entry.tenantId !== '' && tenants.includes(tenantLabel(entry.tenantId)))
        ? registry.storedNames(entry)
        : within(registry.storedNames(entry), tenants),
    ),
  ];
}

/** Where the requests of an entry are stored; those of one without tenant, as far as they are of these tenants. */
export function namesOfEntry(
  registry: KeyRegistry,
  entry: KeyEntry,
  tenants: readonly string[],
): StoredName[] {
  const names = registry.storedNames(entry);
  return entry.tenantId === '' ? within(names, tenants) : names;
}

/** A reserved name means what is reserved; a key that is itself called so is asked for by its label. */
function labelsAsked(key: string): string[] {
  const masked = maskedFormIn(key);
  return masked === NO_KEY || masked === OTHER ? [masked] : [...new Set([masked, keyLabel(masked)])];
}

const within = (names: readonly StoredName[], tenants: readonly string[]): StoredName[] =>
  names.map((name) => ({ id: name.id, of: tenants.filter((tenant) => isOf(name, tenant)) }));
