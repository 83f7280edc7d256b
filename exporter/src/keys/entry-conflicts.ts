import { keyName } from '../text/key-name.ts';
import { nearest } from '../text/suggestion.ts';
import { quoted } from './key-fields.ts';
import type { KeysFileError, Path } from './keys-file-error.ts';

interface Named {
  path: Path;
  id: string;
  tenant: string;
  fingerprints: string[];
  fields: Record<string, unknown>;
}

/**
 * What only shows when fields and entries are held against each other. Works on whatever the file holds,
 * also where single fields are wrong, so that everything is reported at once.
 */
export function entryConflicts(data: unknown): KeysFileError[] {
  const keys = (data as { keys?: unknown }).keys;
  if (!Array.isArray(keys)) return [];
  const entries = keys.flatMap((fields, i): Named[] => {
    if (typeof fields !== 'object' || fields === null || typeof fields.id !== 'string') return [];
    const prints = Array.isArray(fields.fingerprints) ? fields.fingerprints : [];
    return [
      {
        path: ['keys', i],
        id: fields.id,
        tenant: typeof fields.tenantId === 'string' ? fields.tenantId : '',
        fingerprints: prints.filter((print: unknown) => typeof print === 'string'),
        fields,
      },
    ];
  });
  return [
    ...entries.flatMap(withinEntry),
    ...duplicateIds(entries),
    ...duplicateFingerprints(entries),
    ...replacements(entries),
  ];
}

const RESERVED = ['__none__', '__other__'];

function withinEntry({ path, id, fingerprints, fields }: Named): KeysFileError[] {
  const found: KeysFileError[] = [];
  if (RESERVED.includes(id))
    found.push({
      path: [...path, 'id'],
      message: `${id} is what the exporter calls requests without a place of their own`,
      remedy: 'give the key another id',
    });
  const limits = fields.limits ?? undefined;
  if (fields.tier === 'custom' && limits === undefined)
    found.push({
      path: [...path, 'tier'],
      message: 'a custom tier has no limits of its own',
      remedy: 'add limits with perMinute and perDay',
    });
  if (fields.tier !== 'custom' && limits !== undefined)
    found.push({
      path: [...path, 'limits'],
      message: 'only the tier custom has limits of its own',
      remedy: 'remove them, or set tier: custom',
    });
  for (const [environment, prefix] of [
    ['production', 'sa_test_'],
    ['sandbox', 'sa_live_'],
  ])
    if (fields.environment === environment && [id, ...fingerprints].some((name) => name.startsWith(prefix)))
      found.push({
        path: [...path, 'environment'],
        message: `${prefix} keys do not belong to ${environment}`,
        remedy: 'correct the environment or the fingerprint',
      });
  return found;
}

function duplicateIds(entries: Named[]): KeysFileError[] {
  const seen = new Map<string, Named>();
  return entries.flatMap((entry) => {
    const name = keyName(entry.id, entry.tenant);
    const first = seen.get(name);
    if (!first) {
      seen.set(name, entry);
      return [];
    }
    const tenant = entry.tenant === '' ? '' : ` in tenant ${quoted(entry.tenant)}`;
    return [
      {
        path: [...entry.path, 'id'],
        message: `${quoted(entry.id)} is given twice${tenant}, first at keys[${first.path[1]}]`,
        remedy: 'merge the two entries, or give each its tenantId',
      },
    ];
  });
}

/** A name on a line must lead to one key: a fingerprint is given once, and is no other key's id. */
function duplicateFingerprints(entries: Named[]): KeysFileError[] {
  const owners = new Map<string, Named>();
  for (const entry of entries) owners.set(entry.id, entry);
  return entries.flatMap((entry) =>
    entry.fingerprints.flatMap((print, i) => {
      const owner = owners.get(print);
      owners.set(print, owner ?? entry);
      if (!owner) return [];
      return [
        {
          path: [...entry.path, 'fingerprints', i],
          message: `${quoted(print)} is given already at keys[${owner.path[1]}]`,
          remedy: 'remove it from one of the two',
        },
      ];
    }),
  );
}

function replacements(entries: Named[]): KeysFileError[] {
  const byId = new Map<string, Named[]>();
  for (const entry of entries) byId.set(entry.id, [...(byId.get(entry.id) ?? []), entry]);
  return entries.flatMap((entry) => {
    const { replaces } = entry.fields;
    if (typeof replaces !== 'string' || replaces === '') return [];
    const path = [...entry.path, 'replaces'];
    const old = replacedBy(entry, byId);
    if (old) {
      const message = old === entry ? 'a key cannot replace itself' : 'keys replace each other in a circle';
      return inCircle(entry, byId) ? [{ path, message, remedy: 'name the older key' }] : [];
    }
    const elsewhere = byId.has(replaces);
    const near = elsewhere ? undefined : nearest(replaces, [...byId.keys()]);
    const remedy =
      near === undefined ? 'add the old key to this file, or remove replaces' : `did you mean ${near}?`;
    const where = elsewhere ? ' of the same tenant' : '';
    return [{ path, message: `${quoted(replaces)} is no key of this file${where}`, remedy }];
  });
}

/** The key an entry replaces: of its own tenant first, else of no stated tenant. */
function replacedBy(entry: Named, byId: Map<string, Named[]>): Named | undefined {
  const candidates = (byId.get(String(entry.fields.replaces)) ?? []).filter(
    ({ tenant }) => tenant === entry.tenant || tenant === '' || entry.tenant === '',
  );
  return candidates.find(({ tenant }) => tenant === entry.tenant) ?? candidates[0];
}

function inCircle(start: Named, byId: Map<string, Named[]>): boolean {
  let at = replacedBy(start, byId);
  for (const seen = new Set<Named>(); at && !seen.has(at); at = replacedBy(at, byId)) {
    if (at === start) return true;
    seen.add(at);
  }
  return false;
}
