import { isOfTenant, keyLabel, NO_TENANT, tenantOnLine } from '../keys/labels.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { nearest } from '../keys/suggestion.ts';
import { maskKey } from '../parse/masking.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import type { KeyRow } from '../usage/changes.ts';

/** What a question asks for is not there, or the question makes no sense; the message says what to do. */
export class QuestionError extends Error {
  readonly missing: boolean;
  constructor(message: string, missing = false) {
    super(message);
    this.name = 'QuestionError';
    this.missing = missing;
  }
}

/** The names that a key asked for by an id, a fingerprint or the raw key may have. */
export function namesAsked(registry: KeyRegistry, key: string, tenant: string): string[] {
  const masked = maskKey(key);
  const { id } = registry.identify(masked, tenantOnLine(tenant));
  return [masked, keyLabel(masked), keyLabel(id)];
}

/**
 * The keys a question is about: `key` is an id, a fingerprint or even the raw key, '' = all; `tenant` '' = any,
 * NO_TENANT = none. Ids are unique within a tenant only. Throws QuestionError when there is none.
 */
export function chosenKeys(
  reader: DailyReader,
  registry: KeyRegistry,
  { key, tenant }: { key: string; tenant: string },
): KeyRow[] {
  const masked = maskKey(key);
  const ids = namesAsked(registry, key, tenant);
  const all = reader.keys();
  const found = all.filter((row) => (key === '' || ids.includes(row.id)) && isOfTenant(row.tenant, tenant));
  if (found.length > 0) return found;
  const near = nearest(
    masked,
    [...new Set(all.map((row) => row.id))].filter((id) => id !== masked),
  );
  const named = tenant === NO_TENANT ? ' without tenant' : ` in tenant ${JSON.stringify(tenant)}`;
  const where = tenant === '' ? '' : named;
  throw new QuestionError(
    key === ''
      ? `there is no key${where} in the store yet`
      : `there is no key ${JSON.stringify(masked)}${where} in the store${near ? `; did you mean ${near}?` : ''}`,
    true,
  );
}
