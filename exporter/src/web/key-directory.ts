import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import type { KeyEntry } from '../keys/key.ts';
import { keyLabel, tenantLabel } from '../keys/key-labels.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import type { Mirror } from '../metrics/mirror.ts';
import type { KeyRow } from '../usage/changes.ts';
import type { KeyFacts } from '../usage/key-facts.ts';

/** A key of the page: counted, in the keys file, or both. */
export interface ListedKey {
  /** As labels and addresses name it. */
  id: string;
  tenant: string;
  /** Its number in the mirror; undefined = in the keys file only. */
  key: number | undefined;
  entry: KeyEntry | undefined;
  /** Facts of a key that only other exporters have met. */
  elsewhere?: KeyFacts;
}

/** Requests without key, and those of keys beyond the limits: counters, but no keys. */
export const isPseudoKey = (id: string): boolean => id === NO_KEY || id === OTHER;

/** Puts counted keys and entries of the keys file together, by the names that labels have. */
export class KeyDirectory {
  private readonly registry: KeyRegistry;
  private readonly mirror: Mirror;
  /** Entries by their id as a label. */
  private readonly named = new Map<string, { entry: KeyEntry; tenant: string }[]>();
  private readonly counted = new Map<string, KeyRow[]>();
  private readonly elsewhere: ListedKey[] = [];

  constructor(registry: KeyRegistry, mirror: Mirror) {
    this.registry = registry;
    this.mirror = mirror;
    for (const entry of registry.entries())
      append(this.named, keyLabel(entry.id), { entry, tenant: tenantLabel(entry.tenantId) });
    for (const row of mirror.keys) append(this.counted, row.id, row);
    for (const facts of mirror.shared?.others() ?? [])
      this.elsewhere.push({ ...this.listed({ ...facts, key: -1 }), key: undefined, elsewhere: facts });
  }

  /** Every key, pseudo-keys included. */
  all(): ListedKey[] {
    const counted = [...this.mirror.keys.map((row) => this.listed(row)), ...this.elsewhere];
    const met = new Set(counted.map(({ entry }) => entry));
    const unseen = this.registry.entries().filter((entry) => !met.has(entry));
    return [...counted, ...unseen.map(unseenKey)];
  }

  find(id: string, tenant: string): ListedKey | undefined {
    const row = this.counted.get(id)?.find((candidate) => candidate.tenant === tenant);
    if (row) return this.listed(row);
    const other = this.elsewhere.find((key) => key.id === id && key.tenant === tenant);
    if (other) return other;
    const entry = this.named.get(id)?.find((candidate) => candidate.tenant === tenant)?.entry;
    return entry && unseenKey(entry);
  }

  /**
   * The other keys of a rotation, with their numbers where they are counted. Of several that replace one key it is the
   * one used last, as for the alerts.
   */
  partnersOf({ entry, tenant }: ListedKey): { successor?: ListedKey; predecessor?: ListedKey } {
    if (!entry) return {};
    const [successor] = this.registry
      .successorsOf(entry)
      .map((after) => this.counterpart(after, tenant))
      .sort((a, b) => this.lastUsed(b) - this.lastUsed(a));
    const before = this.registry.predecessorOf(entry);
    return {
      ...(successor && { successor }),
      ...(before && { predecessor: this.counterpart(before, tenant) }),
    };
  }

  private lastUsed({ key, elsewhere }: ListedKey): number {
    return (key === undefined ? elsewhere : this.mirror.factsOf(key))?.lastUsed ?? 0;
  }

  private counterpart(entry: KeyEntry, tenant: string): ListedKey {
    const id = keyLabel(entry.id);
    const own = entry.tenantId === '' ? tenant : tenantLabel(entry.tenantId);
    return this.find(id, own) ?? unseenKey(entry);
  }

  private listed({ key, id, tenant }: KeyRow): ListedKey {
    return { key, id, tenant, entry: this.registry.labelled(id, tenant) };
  }
}

const unseenKey = (entry: KeyEntry): ListedKey => ({
  key: undefined,
  id: keyLabel(entry.id),
  tenant: tenantLabel(entry.tenantId),
  entry,
});

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list) list.push(item);
  else lists.set(name, [item]);
}
