import type { KeyEntry } from '../keys/key.ts';
import { type Network, parseCidr } from '../parse/network.ts';
import type { KeyUsageRow, SurfaceRow } from './changes.ts';
import { IpsOfKey } from './ip-tracker.ts';
import { Windows } from './windows.ts';
import { decodeWindows, encodeWindows } from './windows-form.ts';

const NONE = -1;

/** All that is known of one key. Times are seconds since the epoch, 0 = never. */
export class KeyUsage {
  readonly key: number;
  readonly id: string;
  tenant: string;
  /** `__none__` and `__other__` have request counters and nothing else. */
  readonly pseudo: boolean;
  entry: KeyEntry | undefined;
  /** Networks whose addresses are never new; undefined when the keys file names none. */
  allowed: Network[] | undefined;
  learning = 0;

  /** Endpoints that have a place on this key. */
  readonly endpoints = new Set<number>();
  /** True once a request was counted. */
  counted = false;
  bytesSeries = NONE;
  newIpsSeries = NONE;

  lastRejected = 0;
  lastNewIp = 0;
  recentNewIps: KeyUsageRow['recentNewIps'] = [];
  readonly addresses = new IpsOfKey();
  readonly surfaces = new Map<string, SurfaceRow>();
  /** Numbers of its scope uses. */
  readonly scopes = new Map<string, number>();
  windows = new Windows();
  /** Seconds of the first line of the newest day since it was last collected; infinite = none. */
  dayFirst = Number.POSITIVE_INFINITY;

  /** Different from what the store has. */
  dirty = false;
  /** Different from what facts() last gave. */
  moved = true;

  constructor(key: number, id: string, tenant: string, pseudo: boolean) {
    this.key = key;
    this.id = id;
    this.tenant = tenant;
    this.pseudo = pseudo;
  }

  /** What the keys file says of the key; `learning` is the default in seconds. */
  describe(entry: KeyEntry | undefined, learning: number): void {
    if (this.entry !== entry || entry === undefined) {
      const networks = entry?.allowedNetworks.map(parseCidr).filter((network) => network !== undefined) ?? [];
      this.allowed = networks.length > 0 ? networks : undefined;
    }
    this.entry = entry;
    this.learning = entry?.learning ?? learning;
  }

  /** Whether what is first seen at `at` is beyond the learning period. */
  hasLearnt(at: number): boolean {
    const { firstUsed } = this.windows;
    return firstUsed > 0 && at >= firstUsed + this.learning;
  }

  /** `scopes` are its uses of scopes, which are not kept here. */
  row(scopes: KeyUsageRow['scopes']): KeyUsageRow {
    const { key, lastRejected, lastNewIp, recentNewIps } = this;
    const { firstUsed, lastUsed } = this.windows;
    const windows = encodeWindows(this.windows);
    return { key, firstUsed, lastUsed, lastRejected, lastNewIp, recentNewIps, scopes, windows };
  }

  restore(row: KeyUsageRow): void {
    if (!decodeWindows(row.windows, this.windows)) this.windows = new Windows();
    this.windows.restoreUse(row.firstUsed, row.lastUsed);
    this.lastRejected = row.lastRejected;
    this.lastNewIp = row.lastNewIp;
    this.recentNewIps = row.recentNewIps;
  }
}
