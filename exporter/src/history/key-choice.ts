import type { KeyEntry } from '../keys/key.ts';
import { isOfTenant, keyLabel, NO_TENANT, tenantLabel, tenantsToName } from '../keys/key-labels.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { type AskedKey, namesAsked } from '../keys/requested-names.ts';
import { isUnder, type Stored } from '../keys/stored-names.ts';
import { maskKey } from '../parse/masking.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import { keyName } from '../text/key-name.ts';
import { nearest } from '../text/suggestion.ts';
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

/** One key, and everything that is counted of it: before it was in the keys file that was under other names. */
export interface WholeKey<Row extends Stored> extends Stored {
  entry: KeyEntry | undefined;
  rows: Row[];
}

/** All that is counted of what a question is about, key '' = of all keys. Throws QuestionError when there is none. */
export function chosenKeys(reader: DailyReader, registry: KeyRegistry, asked: AskedKey): KeyRow[] {
  const all = reader.keys();
  const found = rowsAsked(all, registry, asked);
  if (found.length === 0) throw noSuchKey(all, asked);
  return found;
}

/** The one key that a question is about. Throws QuestionError when there is none, and when there are several. */
export function chosenKey(reader: DailyReader, registry: KeyRegistry, asked: AskedKey): WholeKey<KeyRow> {
  const all = reader.keys();
  const key = oneKey(all, registry, asked);
  if (!key) throw noSuchKey(all, asked);
  return key;
}

/** The one key of these that a question is about, undefined = none. Throws QuestionError when there are several. */
export function oneKey<Row extends Stored>(
  all: readonly Row[],
  registry: KeyRegistry,
  asked: AskedKey,
): WholeKey<Row> | undefined {
  const found = new Map<string, WholeKey<Row>>();
  for (const row of rowsAsked(all, registry, asked)) {
    const key = keyOf(row, all, registry);
    const name = keyName(key.id, key.tenant);
    // An entry of any tenant may share its id with one of this tenant: they are counted as one.
    const rows = new Set([...(found.get(name)?.rows ?? []), ...key.rows]);
    found.set(name, { ...key, rows: [...rows] });
  }
  const id = maskKey(asked.key);
  const tenant = asked.tenant === NO_TENANT ? '' : asked.tenant || undefined;
  let keys = [...found.values()];
  // A label means one thing only: whatever else it may be the name of, what has it can be asked for.
  for (const isMeant of [
    ({ rows }) => rows.some((row) => row.id === id && row.tenant === tenant),
    (key) => key.id === id || key.rows.some((row) => row.id === id),
    (key) => isOfTenant(key.tenant, asked.tenant),
    (key) => key.tenant === tenant,
  ] satisfies ((key: WholeKey<Row>) => boolean)[])
    keys = keys.some(isMeant) ? keys.filter(isMeant) : keys;
  if (keys.length > 1)
    throw new QuestionError(
      `tenant: several tenants have a key of this id; name one of ${tenantsToName(keys)}`,
    );
  return keys[0];
}

function rowsAsked<Row extends Stored>(all: readonly Row[], registry: KeyRegistry, asked: AskedKey): Row[] {
  if (asked.key === '') return all.filter((row) => isOfTenant(row.tenant, asked.tenant));
  const names = namesAsked(registry, asked);
  return all.filter((row) => isUnder(names, row));
}

/** The key that a row is of. A row without tenant is of the only tenant that its entry's other rows have. */
function keyOf<Row extends Stored>(row: Row, all: readonly Row[], registry: KeyRegistry): WholeKey<Row> {
  const entry = registry.ownerOf(row);
  if (!entry) return { id: row.id, tenant: row.tenant, entry, rows: [row] };
  const id = keyLabel(entry.id);
  const names = registry.storedNames(entry);
  const rows = all.filter((other) => isUnder(names, other));
  if (entry.tenantId !== '') return { id, tenant: tenantLabel(entry.tenantId), entry, rows };
  const [tenant = '', ...more] = new Set(rows.flatMap((other) => other.tenant || []));
  if (more.length === 0) return { id, tenant, entry, rows };
  return { id, tenant: row.tenant, entry, rows: rows.filter((other) => other.tenant === row.tenant) };
}

function noSuchKey(all: readonly KeyRow[], { key, tenant }: AskedKey): QuestionError {
  const masked = maskKey(key);
  const near = nearest(
    masked,
    [...new Set(all.map((row) => row.id))].filter((id) => id !== masked),
  );
  const named = tenant === NO_TENANT ? ' without tenant' : ` in tenant ${JSON.stringify(tenant)}`;
  const where = tenant === '' ? '' : named;
  return new QuestionError(
    key === ''
      ? `there is no key${where} in the store yet`
      : `there is no key ${JSON.stringify(masked)}${where} in the store${near ? `; did you mean ${near}?` : ''}`,
    true,
  );
}
