import { type KeySignals, responsesOf, type WindowCounts } from '../health/key-signals.ts';
import { silentTogether } from '../health/silent-together.ts';
import { type KeyHealth, stateOf } from '../health/state.ts';
import type { Coverage } from '../history/coverage.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import type { Mirror } from '../metrics/mirror.ts';
import type { KeyFacts } from '../usage/key-facts.ts';
import type { SharingState } from './health.ts';
import { inSlices } from './in-slices.ts';
import { isPseudoKey, KeyDirectory, type ListedKey } from './key-directory.ts';
import { pipelineAlive } from './pipeline.ts';
import { signalsOf, windowOf } from './signals.ts';

/** A key with its state and the figures of its line in the list. */
export interface KeyOverview extends ListedKey {
  /** What people call it: its name, else its id. */
  title: string;
  facts: KeyFacts | undefined;
  health: KeyHealth;
  hour: WindowCounts;
  /** Of the last hour. */
  requests: number;
  /** Share of the requests of the last hour that were no error; NaN = no requests. */
  success: number;
  rotation: { successor?: ListedKey; predecessor?: ListedKey };
}

/** What the pages are computed from. */
export interface Observed {
  mirror: Mirror;
  registry: () => KeyRegistry;
  ingesting: () => boolean;
  /** Seconds since the epoch. */
  now: () => number;
  /** Whose requests the counters are; absent = all there are. */
  coverage?: Coverage;
  /** How sharing facts with other exporters goes; undefined where they are not shared. */
  sharing?: () => SharingState | undefined;
}

/** Facts are shared, but those of the other exporters are not at hand: what is not known here proves nothing. */
export function lacksOthers({ sharing }: Pick<Observed, 'sharing'>): boolean {
  const state = sharing?.();
  return state !== undefined && state !== 'up';
}

/** A use no longer ago than this is recent whatever other exporters know, seconds. */
const RECENT = 3_600;

/** The same signals where other exporters may know more: what was not seen is not known. */
function withoutAbsence(signals: KeySignals): KeySignals {
  const { lastUsed, now, fiveMinutes, thirtyMinutes, hour, requestsToday, peakPerMinute } = signals;
  const seen = (n: number): number => (n > 0 ? n : Number.NaN);
  const window = (counts: WindowCounts) =>
    Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, seen(n)])) as unknown as WindowCounts;
  return {
    ...signals,
    lastUsed: lastUsed > 0 && now - lastUsed <= RECENT ? lastUsed : Number.NaN,
    fiveMinutes: window(fiveMinutes),
    thirtyMinutes: window(thirtyMinutes),
    hour: window(hour),
    requestsToday: seen(requestsToday),
    peakPerMinute: seen(peakPerMinute),
  };
}

/** How long a computed list is good for, seconds. */
const FRESH = 1;

/** Computes states and figures from the mirror, in slices, once for all who ask within a second. */
export class KeyOverviews {
  private readonly observed: Observed;
  private list: { since: number; keys: Promise<KeyOverview[]> } | undefined;

  constructor(observed: Observed) {
    this.observed = observed;
  }

  /** Every key but the pseudo-keys, in no order. */
  all(): Promise<KeyOverview[]> {
    const now = this.observed.now();
    if (!this.list || now - this.list.since >= FRESH || now < this.list.since) {
      const list = { since: now, keys: this.compute(now) };
      list.keys.catch(() => {
        if (this.list === list) this.list = undefined;
      });
      this.list = list;
    }
    return this.list.keys;
  }

  /** One key, pseudo-keys included; undefined = neither counted nor in the keys file. */
  one(id: string, tenant: string): KeyOverview | undefined {
    const directory = this.directory();
    const found = directory.find(id, tenant);
    return found && this.overview(found, directory, this.observed.now(), this.alive(directory));
  }

  /** How many real-time keys stopped all at once, so that it is the log that stopped; 0 = they did not. */
  silentTogether(directory = this.directory()): number {
    const now = this.observed.now();
    const realtime = directory.all().filter(({ entry }) => entry?.realtime && entry.state === 'active');
    const signals = function* (this: KeyOverviews) {
      for (const key of realtime) yield this.signals(key, directory, now, true);
    };
    return silentTogether(signals.call(this));
  }

  private async compute(now: number): Promise<KeyOverview[]> {
    const directory = this.directory();
    const alive = this.alive(directory);
    const keys = directory.all().filter(({ id }) => !isPseudoKey(id));
    return inSlices(keys, (key) => this.overview(key, directory, now, alive));
  }

  private overview(key: ListedKey, directory: KeyDirectory, now: number, alive: boolean): KeyOverview {
    const facts = this.factsOf(key);
    const rotation = directory.partnersOf(key);
    const health = stateOf(this.signals(key, directory, now, alive));
    const hour = windowOf(facts, 60, now);
    const { requests } = hour;
    const responses = responsesOf(hour);
    const success = responses > 0 ? (hour.success + hour.redirect) / responses : Number.NaN;
    return { ...key, title: key.entry?.name || key.id, facts, health, hour, requests, success, rotation };
  }

  private signals(key: ListedKey, directory: KeyDirectory, now: number, alive: boolean): KeySignals {
    const { successor, predecessor } = directory.partnersOf(key);
    const partner = (other: ListedKey | undefined) =>
      other && { id: other.entry?.name || other.id, facts: this.factsOf(other) };
    const signals = signalsOf(this.factsOf(key), key.entry, {
      now,
      recordedSince: this.observed.mirror.status?.recordedSince || Number.NaN,
      pipelineAlive: alive,
      retiredAt: key.entry ? this.observed.registry().retiredAt(key.entry) : Number.NaN,
      successor: partner(successor),
      predecessor: partner(predecessor),
    });
    return lacksOthers(this.observed) ? withoutAbsence(signals) : signals;
  }

  private factsOf({ key, elsewhere }: ListedKey): KeyFacts | undefined {
    return key === undefined ? elsewhere : this.observed.mirror.factsOf(key);
  }

  private directory(): KeyDirectory {
    return new KeyDirectory(this.observed.registry(), this.observed.mirror);
  }

  private alive(directory: KeyDirectory): boolean {
    const { mirror, ingesting, now } = this.observed;
    return pipelineAlive(mirror, ingesting(), now()) && this.silentTogether(directory) === 0;
  }
}
