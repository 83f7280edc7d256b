import { setTimeout as wait } from 'node:timers/promises';
import type { Publication } from '../ingest/publication.ts';
import type { Stored } from '../keys/stored-names.ts';
import type { StoreReader } from '../store/store.ts';
import type { KeyRow } from '../usage/changes.ts';
import type { KeyFacts } from '../usage/key-facts.ts';
import { type Contribution, sizeOf } from './contribution.ts';
import { Exchange } from './exchange.ts';
import { MergedKeys, ownFacts } from './merged-keys.ts';
import type { Origin } from './own-contribution.ts';
import { PendingContributions } from './pending-contributions.ts';
import { RedisConnection, type RedisSettings } from './redis-connection.ts';
import { BUCKETS, bucketOf, LAYOUT, parseRedisName, RedisKeys, redisName } from './redis-keys.ts';
import { daysOf, type SharedDays } from './shared-days.ts';

export interface SharingSettings extends Origin {
  redis: RedisSettings;
  keyPrefix: string;
  /** Seconds between turns. */
  interval: number;
  /** Addresses of a key that are listed in Redis. */
  ipsPerKey: number;
  /** API keys of others that are kept. */
  keys: number;
}

/** How sharing goes, for metrics and people. Times in seconds since the epoch, 0 = never. */
export interface SharingState {
  /** `starting` until the first turn has succeeded or failed. */
  state: 'starting' | 'up' | 'away';
  /** Why the last turn failed; '' = it did not. */
  error: string;
  errors: number;
  lastSuccess: number;
  /** Keys in Redis, as far as they were read. */
  keys: number;
}

/** What sharing needs of its surroundings. */
export interface SharingContext {
  openStore: () => StoreReader;
  /** Tells people. */
  report: (level: 'info' | 'warn', message: string) => void;
  /** Milliseconds since the epoch. */
  clock: () => number;
}

/** Seconds that this clock and that of Redis may differ; and from which on it is told. */
const CLOCKS_APART = 3_600;
const CLOCKS_DIFFER = 5;
/** An exporter of another layout that shared so lately is told of, seconds. */
const BESIDE = 60;
/** Values read from the store before they are published; meanwhile nothing else happens on this thread. */
const STORE_PART = 5_000;
/** API keys whose days are compared with those in Redis at once; the same. */
const KEYS_AT_ONCE = 20;

/**
 * Shares facts with other exporters through Redis: a turn publishes what was committed since the last, then reads
 * what anybody changed. Redis is where exporters meet, never where anything is kept: whenever it lacks something
 * that this exporter has published, that is published again from the store.
 */
export class Sharing {
  readonly state: SharingState = { state: 'starting', error: '', errors: 0, lastSuccess: 0, keys: 0 };
  private readonly settings: SharingSettings;
  private readonly context: SharingContext;
  private readonly connection: RedisConnection;
  private readonly redisKeys: RedisKeys;
  private readonly exchange: Exchange;
  private readonly pending: PendingContributions;
  private readonly mergedKeys: MergedKeys;
  /** To be published from the store. */
  private readonly missing = { buckets: new Set<number>(), names: new Set<string>() };
  /** To be read beside what others changed. */
  private readonly unread = new Set<string>();
  private storeId: string | undefined;
  /** It was told that the clocks differ. */
  private clocksDiffer = false;
  /** Layouts of other exporters, as last told. */
  private otherLayouts = '';
  private turnsTaken = 0;
  private timer: NodeJS.Timeout | undefined;
  /** The turn that is being taken, or the last one. */
  private turning: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(settings: SharingSettings, context: SharingContext) {
    this.settings = settings;
    this.context = context;
    this.redisKeys = new RedisKeys(settings.keyPrefix);
    this.connection = new RedisConnection(settings.redis);
    this.exchange = new Exchange(this.connection, this.redisKeys, settings.ipsPerKey);
    this.pending = new PendingContributions(settings, context.clock() / 1000);
    this.mergedKeys = new MergedKeys(settings.keys, settings.interval + 0.5);
    this.missEverything();
  }

  /** Begins to take turns. */
  start(): void {
    this.after(50);
  }

  /**
   * Publishes what is pending, for there may be no next start, and ends; within `milliseconds`. Without Redis it is
   * published at the next start.
   */
  async stop(milliseconds: number): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const last = this.turning.then(() =>
      this.state.state === 'up' ? this.leave().catch(() => {}) : undefined,
    );
    await Promise.race([last, wait(milliseconds, undefined, { ref: false })]);
    this.connection.close();
  }

  private async leave(): Promise<void> {
    await this.publishPending(Number.POSITIVE_INFINITY);
    await this.exchange.leave();
  }

  /** Takes over what was committed. */
  add(publication: Publication): void {
    this.pending.add(publication);
  }

  /**
   * A key's facts as all exporters know them; without Redis the exporter's own. Until the first turn has ended no new
   * addresses, because another one may know them for long.
   */
  factsOf(row: KeyRow, local: KeyFacts | undefined): KeyFacts | undefined {
    const shared = this.mergedKeys.factsOf(redisName(row.id, row.tenant), this.now(), row);
    const { state, lastSuccess } = this.state;
    if (state === 'away')
      return local && shared ? ownFacts(local, shared, lastSuccess - this.settings.interval - 1) : local;
    if (state === 'starting' || !shared) return local && { ...local, lastNewIp: 0, recentNewIps: [] };
    return {
      ...shared,
      lastUsed: Math.max(shared.lastUsed, local?.lastUsed ?? 0),
      lastRejected: Math.max(shared.lastRejected, local?.lastRejected ?? 0),
    };
  }

  /** Facts of the API keys that this exporter itself has never met. */
  *others(): Generator<KeyFacts> {
    if (this.state.state !== 'up') return;
    const own = new Set<string>();
    for (const row of this.pending.shared()) own.add(redisName(row.id, row.tenant));
    yield* this.mergedKeys.others(own, this.now());
  }

  /** The API keys that any exporter has met. */
  keys(): Stored[] {
    const own = this.pending.shared().map((row) => redisName(row.id, row.tenant));
    return [...new Set([...own, ...this.mergedKeys.names()])].flatMap((name) => parseRedisName(name) ?? []);
  }

  /**
   * What all exporters counted under these names together, by UTC day. Not part of any turn: read when it is asked for.
   * Rejects when Redis is away.
   */
  async days(names: readonly Stored[]): Promise<SharedDays> {
    const facts = names.map(({ id, tenant }) => this.exchange.days(redisName(id, tenant)));
    return daysOf((await Promise.all(facts)).flatMap((each) => [...each]));
  }

  private async turns(): Promise<void> {
    const began = performance.now();
    try {
      if (!(await this.connected())) throw new Error(this.connection.absence);
      await this.turn();
      this.succeeded();
    } catch (error) {
      this.failed(error instanceof Error ? error.message : String(error));
    }
    if (this.stopped) return;
    const rest = this.settings.interval * 1000 - (performance.now() - began);
    this.after(Math.max(50, rest));
  }

  private after(milliseconds: number): void {
    this.timer = setTimeout(() => {
      this.turning = this.turns();
    }, milliseconds);
  }

  /** At the very start the connection has its time to be made. */
  private async connected(): Promise<boolean> {
    const until = performance.now() + this.settings.redis.timeout * 1000;
    while (!this.connection.ready && this.connection.trouble === '' && performance.now() < until) {
      if (this.state.state !== 'starting' || this.stopped) break;
      await wait(20);
    }
    return this.connection.ready;
  }

  private async turn(): Promise<void> {
    await this.announce();
    await this.publishPending(this.now());
    if (this.pending.overflowed) {
      this.pending.overflowed = false;
      this.missEverything();
    }
    await this.publishMissing();
    const names = await this.exchange.look();
    if (this.noticeLoss()) {
      await this.publishMissing();
      names.push(...(await this.exchange.look()));
    }
    await this.read(names);
  }

  /**
   * An instance that was forgotten must not add to what was retired, and what a store has counted must not be added up
   * under two names.
   */
  private async announce(): Promise<void> {
    const { instance } = this.settings;
    const now = await this.compareClocks();
    const known = await this.claim();
    if ((await this.connection.command('SISMEMBER', this.redisKeys.forgotten, known)) === 1)
      throw new Error(
        `instance ${known} was forgotten, its totals are retired; give this exporter another instance.id and an empty store`,
      );
    if (known !== instance)
      throw new Error(
        `the counts of this store are shared as instance ${known}, as ${instance} they would be there twice; set instance.id to ${known}, or begin with an empty store`,
      );
    await this.connection.command('ZADD', this.redisKeys.instances, now, instance);
    await this.noticeOtherLayouts(now);
  }

  /** Exporters of another version may meet apart; that their facts are missing here has to be told. */
  private async noticeOtherLayouts(now: number): Promise<void> {
    const { layouts } = this.redisKeys;
    await this.connection.command('ZADD', layouts, now, LAYOUT);
    const shared = (await this.connection.command(
      'ZRANGEBYSCORE',
      layouts,
      now - BESIDE,
      '+inf',
    )) as string[];
    const others = shared.filter((layout) => layout !== String(LAYOUT)).join(', ');
    if (others !== '' && others !== this.otherLayouts)
      this.context.report(
        'warn',
        `exporters of another version share their facts apart from these (layout ${others}, here ${LAYOUT}); run one version to see all together`,
      );
    this.otherLayouts = others;
  }

  /**
   * The time of Redis, seconds. What is old is removed by the exporters' clocks: a wrong one would take what is not
   * old.
   */
  private async compareClocks(): Promise<number> {
    const [seconds, microseconds] = ((await this.connection.command('TIME')) as string[]).map(Number);
    const apart = Math.round(this.now() - seconds - microseconds / 1e6);
    const differ = Math.abs(apart) > CLOCKS_DIFFER;
    const told = `the clock here is ${Math.abs(apart)} s ${apart > 0 ? 'ahead of' : 'behind'} that of Redis; set both right, as by NTP`;
    if (Math.abs(apart) > CLOCKS_APART) throw new Error(told);
    if (differ && !this.clocksDiffer)
      this.context.report(
        'warn',
        `${told}: until then requests of the last minute and new addresses may be missed`,
      );
    this.clocksDiffer = differ;
    return seconds;
  }

  /** The instance whose counts the store's are. */
  private async claim(): Promise<string> {
    const { stores } = this.redisKeys;
    this.storeId ??= this.idOfStore();
    const known = await this.connection.command('HGET', stores, this.storeId);
    if (typeof known === 'string') return known;
    await this.connection.command('HSETNX', stores, this.storeId, this.settings.instance);
    return String(await this.connection.command('HGET', stores, this.storeId));
  }

  private idOfStore(): string {
    const store = this.context.openStore();
    try {
      return store.id();
    } finally {
      store.close();
    }
  }

  /** At infinity nothing is left to wait. */
  private async publishPending(now: number): Promise<void> {
    // With the usual interval of 2 s days are still the same everywhere within 5 s.
    const withDays = now === Number.POSITIVE_INFINITY || this.turnsTaken++ % 2 === 0;
    await this.publish(this.pending.take(now, withDays ? this.context.openStore : undefined));
  }

  private async publish(contributions: Contribution[]): Promise<void> {
    if (contributions.length === 0) return;
    const { taken, failed, error, over } = await this.exchange.publish(contributions, this.now());
    for (const contribution of taken)
      if (this.mergedKeys.join(contribution)) this.unread.add(contribution.name);
    for (const name of over) if (this.pending.useSketch(name)) this.missing.names.add(name);
    if (failed.length === 0) return;
    this.pending.giveBack(failed);
    throw error;
  }

  private async publishMissing(): Promise<void> {
    const { buckets, names } = this.missing;
    if (buckets.size + names.size === 0) return;
    const [wantedBuckets, wantedNames] = [new Set(buckets), new Set(names)];
    const store = this.context.openStore();
    try {
      const wanted = (name: string) => wantedBuckets.has(bucketOf(name)) || wantedNames.has(name);
      await this.publishParts(this.pending.everything(store.loadKeys(), wanted));
      const keys = this.pending.shared().filter((row) => wanted(redisName(row.id, row.tenant)));
      for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
        const some = keys.slice(from, from + KEYS_AT_ONCE);
        const names = some.map((row) => redisName(row.id, row.tenant));
        const published = await this.exchange.ownDays(names, this.settings.instance);
        await this.publishParts(this.pending.daysBeyond(store, some, published));
      }
    } finally {
      store.close();
    }
    for (const bucket of wantedBuckets) buckets.delete(bucket);
    for (const name of wantedNames) names.delete(name);
    // Keys that turned out to have too many addresses while they were published.
    if (names.size > 0) await this.publishMissing();
  }

  /** There may be more than can be held at once. */
  private async publishParts(contributions: Iterable<Contribution>): Promise<void> {
    const part: Contribution[] = [];
    let size = 0;
    for (const contribution of contributions) {
      part.push(contribution);
      size += sizeOf(contribution);
      if (size < STORE_PART) continue;
      await this.publish(part.splice(0));
      size = 0;
    }
    await this.publish(part);
  }

  /** True when Redis lacks what was published: that is missing then. */
  private noticeLoss(): boolean {
    const { lost } = this.exchange;
    if (lost.size === 0) return false;
    this.context.report('warn', 'Redis has lost shared facts; they are published again from the store');
    for (const bucket of lost) this.missing.buckets.add(bucket);
    lost.clear();
    return true;
  }

  private async read(changed: string[]): Promise<void> {
    const now = this.now();
    const names = new Set([...changed, ...this.unread, ...this.mergedKeys.outdated(now)]);
    this.unread.clear();
    for (const { name, shared, leaves } of await this.exchange.read([...names], now)) {
      this.mergedKeys.take(name, shared, leaves);
      if (shared.facts.has('>over') && this.pending.useSketch(name)) this.missing.names.add(name);
    }
    this.state.keys = this.mergedKeys.size;
  }

  private succeeded(): void {
    if (this.state.state !== 'up') this.context.report('info', 'facts are shared through Redis');
    Object.assign(this.state, { state: 'up', error: '', lastSuccess: this.now() });
  }

  private failed(message: string): void {
    if (this.stopped) return;
    if (this.state.error !== message)
      this.context.report('warn', `shared facts: ${message}; this exporter shows its own until it is mended`);
    Object.assign(this.state, { state: 'away', error: message, errors: this.state.errors + 1 });
    // What was read may have been missed in part.
    this.exchange.rewind();
    if (/timed out/i.test(message)) this.connection.reconnect();
  }

  private missEverything(): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.missing.buckets.add(bucket);
  }

  private now(): number {
    return this.context.clock() / 1000;
  }
}
