/**
 * Where in Redis what lies. API keys are spread over buckets by their name; all of a bucket has one hash tag and
 * so one slot: its facts and its list of changes are written in one step and, when a Redis loses data, lost
 * together. That is how an exporter sees what it has to publish again.
 */
export const BUCKETS = 64;

/**
 * Number of the layout: of names, types and the forms of values, those of windows, sketches and days among them.
 * Exporters that cannot read each other's have different ones, and so meet apart: Redis gets everything again from the
 * stores.
 */
export const LAYOUT = 1;

/** Parts of what is known of an API key, each a Redis key of its own. */
export const PARTS = ['facts', 'windows', 'sketches', 'days', 'ips', 'firsts'] as const;

/** An API key's name in Redis: `tenant/id`, whatever they hold. */
export const redisName = (id: string, tenant: string): string =>
  `${encodeURIComponent(tenant)}/${encodeURIComponent(id)}`;

/** undefined when it is no such name. */
export function parseRedisName(name: string): { id: string; tenant: string } | undefined {
  const [tenant, id, ...more] = name.split('/');
  if (id === undefined || more.length > 0) return undefined;
  try {
    return { id: decodeURIComponent(id), tenant: decodeURIComponent(tenant) };
  } catch {
    return undefined;
  }
}

/** FNV-1a, 32 bit; part of the stored form. */
export function bucketOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % BUCKETS;
}

/** Names of Redis keys under a prefix. */
export class RedisKeys {
  /** Sorted set of layouts by when an exporter last shared in them, seconds of the Redis' clock. */
  readonly layouts: string;
  /** What all names but that one begin with. */
  private readonly prefix: string;

  constructor(prefix: string) {
    this.layouts = `${prefix}layouts`;
    this.prefix = `${prefix}${LAYOUT}:`;
  }

  /** Sorted set of the bucket's API keys by when they last changed, in microseconds of the Redis' clock. */
  changes(bucket: number): string {
    return `${this.prefix}{${bucket}}:changes`;
  }

  /** The number of the last batch that a process has published to the bucket. */
  published(bucket: number, process: string): string {
    return `${this.prefix}{${bucket}}:published:${process}`;
  }

  part(name: string, part: (typeof PARTS)[number]): string {
    return `${this.prefix}{${bucketOf(name)}}:${part}:${name}`;
  }

  parts(name: string): string[] {
    const tag = `${this.prefix}{${bucketOf(name)}}:`;
    return PARTS.map((part) => `${tag}${part}:${name}`);
  }

  /** Sorted set of instances by when they last published, seconds of the Redis' clock. */
  get instances(): string {
    return `${this.prefix}instances`;
  }

  /** Hash: under which instance the counts of each store are published. */
  get stores(): string {
    return `${this.prefix}stores`;
  }

  /** Set of the instances that were forgotten. */
  get forgotten(): string {
    return `${this.prefix}forgotten`;
  }
}
