import type { LogRecord } from '../parse/log-record.ts';
import { type Changes, FAMILIES, type SurfaceRow } from './changes.ts';
import type { EndpointLimiter } from './endpoint-limiter.ts';
import { type DayListener, KeyIpTracker } from './ip-tracker.ts';
import { MAPPED_V4 } from './ip-words.ts';
import type { KeyUsage } from './key-usage.ts';
import { isNewIp, noticeNewIp } from './new-ips.ts';
import type { KeyRegistry, UsageOptions } from './options.ts';
import { ScopeUses } from './scope-uses.ts';
import { type SeriesTable, UNKNOWN } from './series.ts';

/** Surfaces a key can have; further ones are not noted. */
const SURFACES_PER_KEY = 64;
const NO_SCOPE = -1;

/** From where and for what a key is used, and which of that is news. While first history is read nothing is. */
export class FirstUses {
  readonly addresses: KeyIpTracker;
  readonly scopeUses = new ScopeUses();
  private changedSurfaces: SurfaceRow[] = [];
  private readonly series: SeriesTable;
  private readonly endpoints: EndpointLimiter;
  private readonly newIp: UsageOptions['newIp'];
  private readonly clock: () => number;
  /** What of the four words of an IPv6 address is counted. */
  private readonly prefix: number[];
  private history = true;

  constructor(
    options: UsageOptions,
    series: SeriesTable,
    endpoints: EndpointLimiter,
    onDay: DayListener,
    clock: () => number,
  ) {
    this.addresses = new KeyIpTracker(options.limits, onDay);
    this.series = series;
    this.endpoints = endpoints;
    this.newIp = options.newIp;
    this.clock = clock;
    this.prefix = [0, 32, 64, 96].map((from) => maskOf(options.ipv6Prefix - from));
  }

  /** A request with an address, at `at` seconds. */
  seeAddress(record: LogRecord, usage: KeyUsage, at: number): void {
    const { prefix } = this;
    const v4 = record.ipFamily === 4;
    const first = this.addresses.see(
      usage.addresses,
      usage.key,
      v4 ? 0 : record.ip0 & prefix[0],
      v4 ? 0 : record.ip1 & prefix[1],
      v4 ? MAPPED_V4 : record.ip2 & prefix[2],
      v4 ? record.ip3 | 0 : record.ip3 & prefix[3],
      at >>> 0,
    );
    if (!first) return;
    if (usage.newIpsSeries < 0) usage.newIpsSeries = this.series.make(FAMILIES.newIps, usage.key);
    if (this.history || !isNewIp(record, usage, at)) return;
    this.series.add(usage.newIpsSeries, 1);
    noticeNewIp(record, usage, this.clock() / 1000, this.newIp);
  }

  /** A request answered with neither 401 nor 404: it has reached its surface. */
  seeSurface(series: number, record: LogRecord, usage: KeyUsage, at: number): void {
    if (this.series.noteSurface(series) || this.endpoints.isCatchAll(this.series.endpointOf(series))) return;
    if (record.surfaceEnd <= record.surfaceStart) return;
    const surface = record.template.toString('latin1', record.surfaceStart, record.surfaceEnd);
    if (usage.surfaces.has(surface) || usage.surfaces.size >= SURFACES_PER_KEY) return;
    const isNews = !this.history && usage.hasLearnt(at);
    const row = { key: usage.key, surface, first: at, noticed: isNews ? this.clock() / 1000 : 0 };
    usage.surfaces.set(surface, row);
    this.changedSurfaces.push(row);
  }

  /** A request that was let through: it has used its scope. */
  seeScope(series: number, usage: KeyUsage, at: number, registry: KeyRegistry): void {
    let use = this.series.scopeOf(series);
    if (use === UNKNOWN) {
      use = this.scopeUseOf(series, usage, registry);
      this.series.setScope(series, use);
    }
    if (use !== NO_SCOPE) this.scopeUses.use(use, at);
  }

  historyDone(): void {
    this.history = false;
  }

  /** Scopes are looked up anew. */
  registryChanged(): void {
    this.series.forgetScopes();
  }

  changes(keys: KeyUsage[]): Pick<Changes, 'ips' | 'sketches' | 'surfaces'> {
    return {
      ips: this.addresses.changedRows(),
      sketches: keys.flatMap(({ key, addresses: { sketch, sketchChanged } }) =>
        sketch && sketchChanged ? [{ key, registers: sketch.encode() }] : [],
      ),
      surfaces: this.changedSurfaces.slice(),
    };
  }

  markCommitted(keys: KeyUsage[]): void {
    for (const { addresses } of keys) addresses.sketchChanged = false;
    this.addresses.markCommitted();
    this.changedSurfaces = [];
  }

  restore(changes: Changes, all: KeyUsage[]): void {
    for (const row of changes.surfaces) all[row.key].surfaces.set(row.surface, row);
    for (const { key, scopes } of changes.keyUsage) this.scopeUses.restore(all[key], scopes);
    this.addresses.restore(changes.sketches, changes.ips, (key) => all[key].addresses);
  }

  private scopeUseOf(series: number, usage: KeyUsage, registry: KeyRegistry): number {
    const endpoint = this.series.endpointOf(series);
    if (this.endpoints.isCatchAll(endpoint)) return NO_SCOPE;
    const { method, template } = this.endpoints.all[endpoint];
    const scope = registry.scopeOf(method, template);
    return scope === undefined ? NO_SCOPE : this.scopeUses.of(usage, scope);
  }
}

/** The mask of a word that a prefix reaches `bits` into. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
