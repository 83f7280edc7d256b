import type { KeyEntry } from '../keys/key.ts';
import { keyLabel, labelOfKeyBytes, labelOfTenantBytes, tenantLabel } from '../keys/key-labels.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { textOf } from './names.ts';
import type { KeyRegistry } from './options.ts';

/** Whose request a line is, as labels. The line must carry a key. */
export function namesOf(
  record: LogRecord,
  registry: KeyRegistry,
): { id: string; tenant: string; entry: KeyEntry | undefined } {
  const { key, keyStart, keyEnd, bytes, tenantStart, tenantEnd } = record;
  const hasTenant = tenantEnd > tenantStart;
  if (record.named) {
    const label = key.toString('latin1', keyStart, keyEnd);
    const tenant = hasTenant ? bytes.toString('latin1', tenantStart, tenantEnd) : '';
    return { id: label, tenant, entry: registry.labelled(label, tenant) };
  }
  const idText = textOf(key, keyStart, keyEnd);
  const tenantText = hasTenant ? textOf(bytes, tenantStart, tenantEnd) : '';
  // Bytes that are no text can be no entry's id or tenant; reading them as text would merge keys.
  const entry =
    idText === undefined || tenantText === undefined
      ? undefined
      : registry.identify(idText, tenantText).entry;
  const id = entry ? keyLabel(entry.id) : labelOfKeyBytes(key, keyStart, keyEnd);
  const said = hasTenant ? labelOfTenantBytes(bytes, tenantStart, tenantEnd) : '';
  const tenant = entry && entry.tenantId !== '' ? tenantLabel(entry.tenantId) : said;
  return { id, tenant, entry };
}
