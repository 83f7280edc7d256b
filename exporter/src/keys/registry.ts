import { keyName } from '../text/key-name.ts';
import type { KeyEntry, KeyIdentity } from './key.ts';
import { keyLabel, tenantLabel } from './key-labels.ts';
import { type ScopeRule, scopeOf } from './scopes.ts';
import { isUnder, type Stored, type StoredName } from './stored-names.ts';

/** What a registry is made of: the entries of the keys file, and the scopes that endpoints need. */
export interface RegisteredKeys {
  keys: readonly KeyEntry[];
  scopeRules: readonly ScopeRule[];
}

/** The registry of a run's keys and scope rules. */
export const registryOf = ({ keys, scopeRules }: RegisteredKeys): KeyRegistry =>
  new KeyRegistry(keys, scopeRules);

/** The keys of the keys file, and the one function that says whose request a line is. */
export class KeyRegistry {
  private readonly all: readonly KeyEntry[];
  private readonly rules: readonly ScopeRule[];
  /** Entries by every name a line may give the key: its id and its fingerprints. */
  private readonly named = new Map<string, KeyEntry[]>();
  /** Entries by their id as a label. */
  private readonly labels = new Map<string, { entry: KeyEntry; tenant: string }[]>();
  /** Entries by their id and their fingerprints as labels. */
  private readonly labelledNames = new Map<string, KeyEntry[]>();
  /** Entries by the id they name under `replaces`. */
  private readonly replacing = new Map<string, KeyEntry[]>();

  /** Since when entries are disabled or revoked, by retirementName. */
  private readonly retirements = new Map<string, number>();

  /** `entries` as parseKeysFile gives them: no id twice in one tenant, no fingerprint twice. */
  constructor(entries: readonly KeyEntry[], scopeRules: readonly ScopeRule[] = []) {
    this.all = entries;
    this.rules = scopeRules;
    for (const entry of entries) {
      for (const name of namesOf(entry)) {
        append(this.named, name, entry);
        append(this.labelledNames, keyLabel(name), entry);
      }
      append(this.labels, keyLabel(entry.id), { entry, tenant: tenantLabel(entry.tenantId) });
      if (entry.replaces !== '') append(this.replacing, entry.replaces, entry);
    }
  }

  entries(): readonly KeyEntry[] {
    return this.all;
  }

  /**
   * Says since when keys are disabled or revoked: since `at` (seconds since the epoch), the time of this keys
   * file, or since `before` already knew them so.
   */
  noteRetirements(at: number, before?: KeyRegistry): void {
    for (const entry of this.all)
      if (entry.state !== 'active') {
        const name = retirementName(entry);
        this.retirements.set(name, before?.retirements.get(name) ?? at);
      }
  }

  /** Since when the key is disabled or revoked, seconds since the epoch; NaN = active, or nobody noted it. */
  retiredAt(entry: KeyEntry): number {
    return this.retirements.get(retirementName(entry)) ?? Number.NaN;
  }

  /**
   * Whose request a line is. `id` is the key as the log names it (raw keys masked), `tenant` is '' when the
   * line carries none. A registered key goes by its registered id and tenant. A line whose tenant
   * contradicts the registry, or that leaves open which of several tenants it means, is of an
   * unregistered key, under the names on the line: tenants are never merged or guessed.
   */
  identify(id: string, tenant: string): KeyIdentity {
    const entry = this.entryFor(id, tenant);
    if (!entry) return { id, tenant, entry: undefined };
    return { id: entry.id, tenant: entry.tenantId === '' ? tenant : entry.tenantId, entry };
  }

  /** The entry of a counted key, by the names its labels have; undefined for an unregistered key. */
  labelled(id: string, tenant: string): KeyEntry | undefined {
    const named = this.labels.get(id) ?? [];
    const of = (wanted: string) => named.find((candidate) => candidate.tenant === wanted);
    return (of(tenant) ?? of(''))?.entry;
  }

  /** The entries of which this is the label of their id or of a fingerprint. */
  entriesLabelled(label: string): readonly KeyEntry[] {
    return this.labelledNames.get(label) ?? [];
  }

  /**
   * Under which labels requests of an entry are stored, by the rule of `identify`: before it was in the keys file they
   * were under the names on their lines.
   */
  storedNames(entry: KeyEntry): StoredName[] {
    return namesOf(entry).map((name) => {
      const others = (this.named.get(name) ?? []).filter((other) => other !== entry);
      const id = keyLabel(name);
      if (entry.tenantId === '') return { id, except: others.map(({ tenantId }) => tenantLabel(tenantId)) };
      const own = tenantLabel(entry.tenantId);
      return { id, of: others.length === 0 ? [own, ''] : [own] };
    });
  }

  /** The entry whose key it is that requests are stored of; undefined for an unregistered key. */
  ownerOf(stored: Stored): KeyEntry | undefined {
    return this.entriesLabelled(stored.id).find((entry) => isUnder(this.storedNames(entry), stored));
  }

  /** Scope a request of this method and endpoint template needs; undefined when the path tells none. */
  scopeOf(method: string, template: string): string | undefined {
    return scopeOf(method, template, this.rules);
  }

  /** The keys that name this one under `replaces`; in practice one or none. */
  successorsOf(entry: KeyEntry): KeyEntry[] {
    return (this.replacing.get(entry.id) ?? []).filter((other) => sameTenant(other, entry));
  }

  /** The key this one replaces. */
  predecessorOf(entry: KeyEntry): KeyEntry | undefined {
    const named = this.named.get(entry.replaces) ?? [];
    const candidates = named.filter((other) => other.id === entry.replaces && sameTenant(other, entry));
    return candidates.find((other) => other.tenantId === entry.tenantId) ?? candidates[0];
  }

  private entryFor(id: string, tenant: string): KeyEntry | undefined {
    const candidates = this.named.get(id);
    if (!candidates) return undefined;
    const exact = candidates.find((entry) => entry.tenantId === tenant);
    if (exact) return exact;
    if (tenant === '') return candidates.length === 1 ? candidates[0] : undefined;
    return candidates.find((entry) => entry.tenantId === '');
  }
}

/** An entry without tenant belongs to whatever tenant its lines say. */
const sameTenant = (a: KeyEntry, b: KeyEntry): boolean =>
  a.tenantId === b.tenantId || a.tenantId === '' || b.tenantId === '';

/** The names a line may give the key. */
const namesOf = ({ id, fingerprints }: KeyEntry): string[] => [...new Set([id, ...fingerprints])];

const retirementName = ({ id, tenantId }: KeyEntry): string => keyName(id, tenantId);

function append<T>(map: Map<string, T[]>, name: string, item: T): void {
  const others = map.get(name);
  if (others) others.push(item);
  else map.set(name, [item]);
}
