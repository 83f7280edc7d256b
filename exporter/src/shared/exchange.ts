import { randomUUID } from 'node:crypto';
import type { Connection, Reply } from './connection.ts';
import { type Contribution, FACT_PARTS, noContribution, sizeOf } from './contribution.ts';
import type { Facts } from './facts.ts';
import type { SharedKey } from './picture.ts';
import { BUCKETS, bucketOf, type Places } from './places.ts';

/** Values in one script run; it holds up all others who talk to that Redis for a few milliseconds. */
const BATCH = 2_000;
/** Days of an API key that stay in Redis. */
const DAYS_KEPT = 400;
/** API keys read in one script run. */
const READ_AT_ONCE = 50;
/** Changes looked at in one bucket and turn; further ones are for the next turn. */
const CHANGES_AT_ONCE = 1_000;

/** Publishes contributions and reads what changed, bucket by bucket. Remembers where it was, and what it published. */
export class Exchange {
  /** Names this process in Redis: of a pair with one instance each has to find its own batches. */
  private readonly process = randomUUID();
  private readonly connection: Connection;
  private readonly places: Places;
  private readonly ipsPerKey: number;
  /** Buckets that lack what this process has published there; whoever publishes it again takes them away. */
  readonly lost = new Set<number>();
  private batch = 0;
  /** By bucket: the last batch that was taken in, and the newest change that was read. */
  private readonly published = new Array<number>(BUCKETS).fill(0);
  private readonly cursors = new Array<number>(BUCKETS).fill(0);

  constructor(connection: Connection, places: Places, ipsPerKey: number) {
    this.connection = connection;
    this.places = places;
    this.ipsPerKey = ipsPerKey;
  }

  /**
   * Publishes contributions, all buckets at once. Returns those that failed, with the first error, and the API keys
   * with too many addresses.
   */
  async publish(
    contributions: Contribution[],
    now: number,
  ): Promise<{ failed: Contribution[]; error: unknown; over: string[] }> {
    const failed: Contribution[] = [];
    const over: string[] = [];
    let error: unknown;
    await Promise.all(
      Array.from(grouped(contributions), async ([bucket, all]) => {
        for (const batch of batches(all))
          try {
            over.push(...(await this.publishBatch(bucket, batch, now)));
          } catch (cause) {
            error ??= cause;
            failed.push(...batch);
          }
      }),
    );
    return { failed, error, over };
  }

  /** API keys that changed since the last look, one's own included. */
  async look(): Promise<string[]> {
    const names: string[] = [];
    await Promise.all(
      this.published.map(async (published, bucket) => {
        const keys = [this.places.changes(bucket), this.places.published(bucket, this.process)];
        const reply = await this.connection.run('atenderPoll', keys, [this.cursors[bucket], CHANGES_AT_ONCE]);
        const [newest, batch, changed] = reply as [string, string, string[]];
        if (Number(batch) < published) {
          this.lost.add(bucket);
          this.published[bucket] = 0;
        }
        // Less than was seen already: this Redis has lost changes, so all are read again.
        if (Number(newest) < this.cursors[bucket]) this.cursors[bucket] = 0;
        for (let i = 0; i < changed.length; i += 2) {
          names.push(changed[i]);
          this.cursors[bucket] = Number(changed[i + 1]);
        }
      }),
    );
    return names;
  }

  /** Looks at everything again. */
  rewind(): void {
    this.cursors.fill(0);
  }

  /** What Redis has of API keys, and when the first of their addresses leaves its window; 0 = none will. */
  async read(names: string[], now: number): Promise<{ name: string; shared: SharedKey; leaves: number }[]> {
    const parts: string[][] = [];
    for (const all of grouped(names.map((name) => ({ name }))).values())
      for (let from = 0; from < all.length; from += READ_AT_ONCE)
        parts.push(all.slice(from, from + READ_AT_ONCE).map(({ name }) => name));
    const read = await Promise.all(
      parts.map(async (part) => {
        const keys = part.flatMap((name) =>
          (['facts', 'windows', 'sketches', 'ips', 'firsts'] as const).map((of) =>
            this.places.part(name, of),
          ),
        );
        const replies = (await this.connection.run('atenderRead', keys, [Math.floor(now)])) as Reply[][];
        return replies.map((reply, i) => ({ name: part[i], ...sharedKeyOf(reply) }));
      }),
    );
    return read.flat();
  }

  /** Days of an API key, by day and instance. */
  async days(name: string): Promise<Facts> {
    return factsOf((await this.connection.command('HGETALL', this.places.part(name, 'days'))) as string[]);
  }

  private async publishBatch(bucket: number, batch: Contribution[], now: number): Promise<string[]> {
    const number = ++this.batch;
    const keys = [this.places.changes(bucket), this.places.published(bucket, this.process)];
    const args: (string | number | Buffer)[] = [
      ...[number, this.ipsPerKey, Math.floor(now)],
      new Date((now - DAYS_KEPT * 86_400) * 1000).toISOString().slice(0, 10),
    ];
    for (const contribution of batch) {
      keys.push(...this.places.parts(contribution.name));
      args.push(contribution.name);
      for (const part of FACT_PARTS) {
        args.push(contribution[part].size);
        for (const [name, value] of contribution[part])
          args.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'));
      }
      args.push(contribution.ips.size);
      for (const [ip, { first, last }] of contribution.ips) args.push(Buffer.from(ip, 'latin1'), first, last);
    }
    const reply = await this.connection.run('atenderPublish', keys, args);
    const [before, over] = reply as [string, string[]];
    if (Number(before) < this.published[bucket]) this.lost.add(bucket);
    this.published[bucket] = number;
    return over;
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
