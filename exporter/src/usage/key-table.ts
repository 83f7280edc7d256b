import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import type { KeyEntry } from '../keys/key.ts';
import { keyLabel, tenantLabel } from '../keys/key-labels.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { keyName } from '../text/key-name.ts';
import type { KeyRow } from './changes.ts';
import { SpanTable } from './interning.ts';
import { KeyUsage } from './key-usage.ts';
import { namesOf } from './line-names.ts';
import type { KeyRegistry } from './options.ts';

/** Spellings remembered beyond four a key: fingerprints, lines with and without tenant. */
const SPARE_SPELLINGS = 1024;

/** What a place is given for; the receiver prepares the key's series. */
export interface KeyTableListener {
  made(usage: KeyUsage): void;
  /** The key took the tenant its first line names: its labels are others now. */
  renamed(usage: KeyUsage): void;
}

/**
 * Which key a line is of, and whether that key has a place of its own. Registered keys have one each. An
 * entry without tenant has its one for the first tenant its lines name; further tenants, and unregistered
 * keys, get a place after an answer other than 401 and while there is room, else they are `__other__`.
 */
export class KeyTable {
  readonly all: KeyUsage[] = [];
  /** Requests of keys that found no room. */
  overflowed = 0;
  private readonly limit: number;
  private readonly learning: number;
  private readonly listener: KeyTableListener;
  private registry: KeyRegistry;
  /** Keys by the bytes a line names them with. */
  private readonly spellings = new SpanTable();
  private readonly named = new Map<string, KeyUsage>();
  /** The key that has an entry's reserved place. */
  private holders = new Map<KeyEntry, KeyUsage>();
  private unregistered = 0;
  private noKey: KeyUsage | undefined;
  private other: KeyUsage | undefined;
  private dirty: KeyUsage[] = [];

  constructor(limit: number, learning: number, registry: KeyRegistry, listener: KeyTableListener) {
    this.limit = limit;
    this.learning = learning;
    this.registry = registry;
    this.listener = listener;
  }

  /** The key whose counters a line moves. */
  of(record: LogRecord): KeyUsage {
    const { key, keyStart, keyEnd, bytes, tenantStart, tenantEnd } = record;
    if (keyEnd <= keyStart) {
      this.noKey ??= this.make(NO_KEY, '', true);
      return this.noKey;
    }
    const known = this.spellings.find(key, keyStart, keyEnd, bytes, tenantStart, tenantEnd);
    return known >= 0 ? this.all[known] : this.place(record);
  }

  /** The registry is another one: every entry gets its key, and lines are looked at anew. */
  register(registry: KeyRegistry): void {
    this.registry = registry;
    this.spellings.clear();
    this.holders = new Map();
    for (const usage of this.all) usage.describe(undefined, this.learning);
    const entries = registry.entries();
    for (const entry of entries) if (entry.tenantId !== '') this.reserve(entry);
    for (const entry of entries) if (entry.tenantId === '') this.reserve(entry);
    this.unregistered = this.all.filter(({ pseudo }) => !pseudo).length - this.holders.size;
  }

  newRows(): KeyRow[] {
    return this.dirty.map(({ key, id, tenant }) => ({ key, id, tenant }));
  }

  markCommitted(): void {
    this.dirty = [];
  }

  restore(rows: KeyRow[]): void {
    for (const { key, id, tenant } of [...rows].sort((a, b) => a.key - b.key)) {
      const pseudo = id === NO_KEY || id === OTHER;
      const usage = new KeyUsage(key, id, tenant, pseudo);
      usage.describe(undefined, this.learning);
      this.all[key] = usage;
      this.named.set(keyName(id, tenant), usage);
      if (!pseudo) this.unregistered++;
      if (id === NO_KEY) this.noKey = usage;
      if (id === OTHER) this.other = usage;
    }
  }

  private place(record: LogRecord): KeyUsage {
    const { key, keyStart, keyEnd, bytes, tenantStart, tenantEnd } = record;
    const { id, tenant, entry } = namesOf(record, this.registry);
    const usage = this.named.get(keyName(id, tenant)) ?? this.newPlace(id, tenant, entry, record.status);
    if (usage.pseudo) return usage;
    if (usage.entry !== entry) usage.describe(entry, this.learning);
    if (this.spellings.size < 4 * this.all.length + SPARE_SPELLINGS)
      this.spellings.add(key, keyStart, keyEnd, bytes, tenantStart, tenantEnd, usage.key);
    return usage;
  }

  private newPlace(id: string, tenant: string, entry: KeyEntry | undefined, status: number): KeyUsage {
    const holder = entry && this.holders.get(entry);
    if (entry && !holder) {
      const usage = this.make(id, tenant, false, entry);
      this.holders.set(entry, usage);
      return usage;
    }
    if (holder && !holder.counted) {
      this.rename(holder, tenant);
      return holder;
    }
    if (status !== 401 && this.unregistered < this.limit) {
      this.unregistered++;
      return this.make(id, tenant, false, entry);
    }
    if (status !== 401) this.overflowed++;
    this.other ??= this.make(OTHER, '', true);
    return this.other;
  }

  /** Gives an entry the key that is its own already, or a new one. */
  private reserve(entry: KeyEntry): void {
    const id = keyLabel(entry.id);
    const tenant = tenantLabel(entry.tenantId);
    const usage =
      this.named.get(keyName(id, tenant)) ??
      (entry.tenantId === ''
        ? this.all.find((other) => other.id === id && other.entry === undefined)
        : undefined);
    if (usage) {
      usage.describe(entry, this.learning);
      this.holders.set(entry, usage);
      this.listener.made(usage);
    } else this.holders.set(entry, this.make(id, tenant, false, entry));
  }

  private make(id: string, tenant: string, pseudo: boolean, entry?: KeyEntry): KeyUsage {
    const usage = new KeyUsage(this.all.length, id, tenant, pseudo);
    usage.describe(entry, this.learning);
    this.all.push(usage);
    this.named.set(keyName(id, tenant), usage);
    this.dirty.push(usage);
    this.listener.made(usage);
    return usage;
  }

  private rename(usage: KeyUsage, tenant: string): void {
    this.named.delete(keyName(usage.id, usage.tenant));
    usage.tenant = tenant;
    usage.moved = true;
    this.named.set(keyName(usage.id, tenant), usage);
    if (!this.dirty.includes(usage)) this.dirty.push(usage);
    this.listener.renamed(usage);
  }
}

/** Neither name can hold a line break, so no two pairs make the same text. */
