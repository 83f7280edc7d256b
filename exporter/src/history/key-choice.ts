import { keyLabel, tenantLabel } from '../keys/labels.ts';
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

/** Whether a key's tenant is the one asked for, by its name or its label; '' = any. */
export const isOfTenant = (tenant: string, asked: string): boolean =>
  asked === '' || tenant === asked || tenant === tenantLabel(asked);

/**
 * The keys a question is about: `key` is an id, a fingerprint or even the raw key, '' = all; `tenant` '' = any.
 * Ids are unique within a tenant only. Throws QuestionError when there is none.
 */
export function chosenKeys(
  reader: DailyReader,
  registry: KeyRegistry,
  { key, tenant }: { key: string; tenant: string },
): KeyRow[] {
  const masked = maskKey(key);
  const { id } = registry.identify(masked, tenant);
  const ids = [masked, keyLabel(masked), keyLabel(id)];
  const all = reader.keys();
  const found = all.filter((row) => (key === '' || ids.includes(row.id)) && isOfTenant(row.tenant, tenant));
  if (found.length > 0) return found;
  const near = nearest(
    masked,
    [...new Set(all.map((row) => row.id))].filter((id) => id !== masked),
  );
  const where = tenant === '' ? '' : ` in tenant ${JSON.stringify(tenant)}`;
  throw new QuestionError(
    key === ''
      ? `there is no key${where} in the store yet`
      : `there is no key ${JSON.stringify(masked)}${where} in the store${near ? `; did you mean ${near}?` : ''}`,
    true,
  );
}
