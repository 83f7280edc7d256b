import { randomUUID } from 'node:crypto';
import { dateOf, dayAt } from '../time/days.ts';
import { type Contribution, FACT_PARTS, noContribution, sizeOf } from './contribution.ts';
import type { Facts } from './mergeable-facts.ts';
import type { SharedKey } from './merged-key.ts';
import type { Argument, RedisConnection, Reply } from './redis-connection.ts';
import { BUCKETS, bucketOf, type RedisKeys } from './redis-keys.ts';
import { ScriptArgument } from './script-argument.ts';
import type { ScriptName } from './scripts.ts';
import { DAYS_KEPT } from './shared-days.ts';

/** Values in one script run; it holds up all others who talk to that Redis for a few milliseconds. */
const BATCH = 2_000;
/** API keys read in one script run. */
const READ_AT_ONCE = 50;
/** The same where up to 400 days of each are gone through. */
const DAYS_READ_AT_ONCE = 10;
const READ_PARTS = ['facts', 'windows', 'sketches', 'ips', 'firsts'] as const;
/** Changes heard of in one bucket and turn; further ones are for the next turn. */
const CHANGES_AT_ONCE = 1_000;

/** Publishes contributions and reads what changed, bucket by bucket. Remembers where it was, and what it published. */
export class Exchange {
  /** Names this process in Redis: of a pair with one instance each has to find its own batches. */
  private readonly process = randomUUID();
  private readonly connection: RedisConnection;
  private readonly redisKeys: RedisKeys;
  private readonly ipsPerKey: number;
  /** Whether one script may touch several buckets: no cluster allows it. */
  private spans: boolean;
  /** Buckets that lack what this process has published there; whoever publishes it again takes them away. */
  readonly lost = new Set<number>();
  private batch = 0;
  /** By bucket: the last batch that was taken in, and the newest change that was heard of. */
  private readonly published = new Array<number>(BUCKETS).fill(0);
  private readonly cursors = new Array<number>(BUCKETS).fill(0);
  /** API keys that others changed, and the buckets that were asked about it, since the last look. */
  private readonly heard = new Set<string>();
  private readonly asked = new Set<number>();

  constructor(connection: RedisConnection, redisKeys: RedisKeys, ipsPerKey: number) {
    this.connection = connection;
    this.redisKeys = redisKeys;
    this.ipsPerKey = ipsPerKey;
    this.spans = !connection.isCluster;
  }

  /**
   * Publishes contributions. Returns those that were taken in, those that failed, with the first error, and the API
   * keys with too many addresses.
   */
  async publish(
    contributions: Contribution[],
    now: number,
  ): Promise<{ taken: Contribution[]; failed: Contribution[]; error: unknown; over: string[] }> {
    const taken: Contribution[] = [];
    const failed: Contribution[] = [];
    const over: string[] = [];
    let error: unknown;
    await Promise.all(
      this.together(contributions).map(async (all) => {
        for (const batch of batches(all))
          try {
            over.push(...(await this.publishBatch(batch, now)));
            taken.push(...batch);
          } catch (cause) {
            error ??= cause;
            failed.push(...batch);
          }
      }),
    );
    return { taken, failed, error, over };
  }

  /** API keys that others changed since the last look. Only buckets that nothing was published to have to be asked. */
  async look(): Promise<string[]> {
    const unasked = this.published.flatMap((_, bucket) => (this.asked.has(bucket) ? [] : [bucket]));
    const parts = this.spans ? [unasked] : unasked.map((bucket) => [bucket]);
    await Promise.all(parts.map((buckets) => this.ask(buckets)));
    const names = [...this.heard];
    this.heard.clear();
    this.asked.clear();
    return names;
  }

  /** Looks at everything again. */
  rewind(): void {
    this.cursors.fill(0);
    this.heard.clear();
    this.asked.clear();
  }

  /** Takes the numbers of this process' batches away: nobody else looks at them. */
  async leave(): Promise<void> {
    const redisKeys = this.published.flatMap((batch, bucket) => (batch > 0 ? [this.keysOf(bucket)[1]] : []));
    await Promise.all(redisKeys.map((place) => this.connection.command('DEL', place)));
  }

  private async ask(buckets: number[]): Promise<void> {
    if (buckets.length === 0) return;
    const keys = buckets.flatMap((bucket) => this.keysOf(bucket));
    const args = [CHANGES_AT_ONCE, ...buckets.map((bucket) => this.cursors[bucket])];
    const replies = (await this.run('atenderPoll', keys, args)) as [string, string, string[]][];
    for (const [i, [newest, batch, changed]] of replies.entries()) {
      const bucket = buckets[i];
      if (Number(batch) < this.published[bucket]) {
        this.lost.add(bucket);
        this.published[bucket] = 0;
      }
      this.hear(bucket, Number(newest), Number(newest), changed);
    }
  }

  /**
   * Takes in what changed in a bucket since its cursor, up to the change `newest`; `after` is the newest one behind
   * which nothing is unheard of: that with one's own changes, which nobody has to be told.
   */
  private hear(bucket: number, newest: number, after: number, changed: string[]): void {
    for (let i = 0; i < changed.length; i += 2) this.heard.add(changed[i]);
    // Less than was heard of already: this Redis has lost changes, so all are read again.
    if (newest < this.cursors[bucket]) this.cursors[bucket] = 0;
    else if (changed.length === 2 * CHANGES_AT_ONCE) this.cursors[bucket] = Number(changed.at(-1));
    else {
      this.cursors[bucket] = after;
      this.asked.add(bucket);
    }
  }

  /** What Redis has of API keys, and when the first of their addresses leaves its window; 0 = none will. */
  async read(names: string[], now: number): Promise<{ name: string; shared: SharedKey; leaves: number }[]> {
    const parts: string[][] = [];
    for (const all of this.together(names.map((name) => ({ name }))))
      for (let from = 0; from < all.length; from += READ_AT_ONCE)
        parts.push(all.slice(from, from + READ_AT_ONCE).map(({ name }) => name));
    const read = await Promise.all(
      parts.map(async (part) => {
        const keys = part.flatMap((name) => READ_PARTS.map((of) => this.redisKeys.part(name, of)));
        const replies = (await this.run('atenderRead', keys, [Math.floor(now)])) as Reply[][];
        return replies.map((reply, i) => ({ name: part[i], ...sharedKeyOf(reply) }));
      }),
    );
    return read.flat();
  }

  /** By API key's name: requests of this instance by the days' facts, as Redis has them. */
  async ownDays(names: string[], instance: string): Promise<Map<string, Map<string, number>>> {
    const days = new Map<string, Map<string, number>>();
    for (const all of this.together(names.map((name) => ({ name }))))
      for (let from = 0; from < all.length; from += DAYS_READ_AT_ONCE) {
        const part = all.slice(from, from + DAYS_READ_AT_ONCE);
        const keys = part.map(({ name }) => this.redisKeys.part(name, 'days'));
        const replies = (await this.run('atenderOwnDays', keys, [`@${instance}`])) as string[][];
        for (const [i, { name }] of part.entries())
          days.set(name, new Map([...factsOf(replies[i])].map(([day, requests]) => [day, Number(requests)])));
      }
    return days;
  }

  /** Days of an API key, by day and instance. */
  async days(name: string): Promise<Facts> {
    return factsOf((await this.connection.command('HGETALL', this.redisKeys.part(name, 'days'))) as string[]);
  }

  private async publishBatch(batch: Contribution[], now: number): Promise<string[]> {
    const number = ++this.batch;
    const buckets = grouped(batch);
    const keys: string[] = [];
    const argument = new ScriptArgument();
    for (const [bucket, contributions] of buckets) {
      keys.push(...this.keysOf(bucket), ...contributions.flatMap(({ name }) => this.redisKeys.parts(name)));
      argument.number(this.cursors[bucket]);
      argument.number(contributions.length);
      for (const contribution of contributions) pack(argument, contribution);
    }
    const oldestDay = dateOf(dayAt(now) - DAYS_KEPT);
    const args = [number, CHANGES_AT_ONCE, this.ipsPerKey, Math.floor(now), oldestDay, argument.end()];
    const [over, replies] = (await this.run('atenderPublish', keys, args)) as [string[], Reply[]];
    for (const [i, bucket] of [...buckets.keys()].entries()) {
      const [before, newest, after, changed] = replies[i] as [string, string, string, string[]];
      if (Number(before) < this.published[bucket]) this.lost.add(bucket);
      this.published[bucket] = number;
      this.hear(bucket, Number(newest), Number(after), changed);
    }
    return over;
  }

  private keysOf(bucket: number): string[] {
    return [this.redisKeys.changes(bucket), this.redisKeys.published(bucket, this.process)];
  }

  /** What may go through one script after the other: everything, or each bucket for itself. */
  private together<Named extends { name: string }>(all: Named[]): Named[][] {
    const buckets = [...grouped(all).values()];
    return this.spans ? [buckets.flat()] : buckets;
  }

  /** A cluster may hide behind one address; from then on each bucket is asked for itself. */
  private async run(script: ScriptName, keys: string[], args: Argument[]): Promise<Reply> {
    try {
      return await this.connection.run(script, keys, args);
    } catch (error) {
      if ((error as Error).message.includes('CROSSSLOT')) this.spans = false;
      throw error;
    }
  }
}

function pack(argument: ScriptArgument, contribution: Contribution): void {
  argument.text(contribution.name);
  for (const part of FACT_PARTS) {
    argument.number(contribution[part].size);
    for (const [name, value] of contribution[part]) {
      argument.text(name);
      argument.text(value);
    }
  }
  argument.number(contribution.ips.size);
  for (const [ip, { first, last }] of contribution.ips) {
    argument.text(ip);
    argument.number(first);
    argument.number(last);
  }
}

/** Cuts contributions into batches; one with very many addresses is cut itself. */
function* batches(contributions: Contribution[]): Generator<Contribution[]> {
  let batch: Contribution[] = [];
  let size = 0;
  for (const contribution of contributions.flatMap(inPieces)) {
    const more = sizeOf(contribution);
    if (size > 0 && size + more > BATCH) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(contribution);
    size += more;
  }
  if (batch.length > 0) yield batch;
}

function inPieces(contribution: Contribution): Contribution[] {
  if (contribution.ips.size <= BATCH) return [contribution];
  const ips = [...contribution.ips];
  const pieces: Contribution[] = [];
  for (let from = 0; from < ips.length; from += BATCH) {
    const piece = new Map(ips.slice(from, from + BATCH));
    // The facts come last: a new address is judged by what everybody saw before.
    const rest = from + BATCH < ips.length;
    pieces.push(
      rest ? { ...noContribution(contribution.name), ips: piece } : { ...contribution, ips: piece },
    );
  }
  return pieces;
}

function grouped<Named extends { name: string }>(all: Named[]): Map<number, Named[]> {
  const buckets = new Map<number, Named[]>();
  for (const one of all) {
    const bucket = bucketOf(one.name);
    const known = buckets.get(bucket);
    if (known) known.push(one);
    else buckets.set(bucket, [one]);
  }
  return buckets;
}

function sharedKeyOf(reply: Reply[]): { shared: SharedKey; leaves: number } {
  const [facts, windows, sketches, unique, news] = reply as string[][];
  const [hour, day, month, leaves] = unique.map(Number);
  return {
    shared: {
      facts: factsOf(facts),
      windows: factsOf(windows),
      sketches: factsOf(sketches),
      listed: { hour, day, month },
      firstSeen: factsOf(news),
    },
    leaves,
  };
}

function factsOf(flat: string[]): Facts {
  const facts: Facts = new Map();
  for (let i = 0; i < flat.length; i += 2) facts.set(flat[i], flat[i + 1]);
  return facts;
}
