import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { SCRIPTS, type ScriptName } from './scripts.ts';

/** How Redis is reached; files are read already. */
export interface RedisSettings {
  /** `redis://host:port` or `rediss://host:port`; several for a cluster. */
  urls: string[];
  mode: 'standalone' | 'cluster';
  username: string;
  password: string;
  database: number;
  /** PEM, '' = what Node.js trusts, or no client certificate. */
  ca: string;
  cert: string;
  key: string;
  /** Seconds after which an unanswered command has failed. */
  timeout: number;
}

export type Argument = string | number | Buffer;
/** What scripts return: bulk strings come as texts with a byte a character. */
export type Reply = string | number | null | Reply[];

/** How long to wait before connecting again, ms. */
const RECONNECT_MS = 1_000;

/**
 * The connection to Redis, stand-alone or cluster; nothing else knows ioredis. Nothing is queued while there is no
 * connection: what could not be sent is published again later, as facts.
 */
export class RedisConnection {
  private readonly client: Redis | Cluster;
  readonly isCluster: boolean;
  /** The last thing the connection complained about; '' = nothing since it was ready. */
  trouble = '';
  /** Whether the connection is in its database. */
  private chosen = false;

  constructor(settings: RedisSettings) {
    this.isCluster = settings.mode === 'cluster';
    this.client = settings.mode === 'cluster' ? clusterOf(settings) : standaloneOf(settings);
    const encrypted = settings.urls[0].startsWith('rediss:');
    // An unheard `error` event would end the process.
    this.client.on('error', (error: Error & { lastNodeError?: Error }) => {
      this.trouble = explained(error.lastNodeError ?? error, encrypted);
    });
    this.client.on('ready', () => void this.choose(settings.database));
    this.client.on('close', () => {
      this.chosen = false;
    });
  }

  /** Why it is not ready, for people. */
  get absence(): string {
    if (this.trouble !== '') return this.trouble;
    return this.isCluster
      ? 'no answer, or no node that serves slots; see redis-cli cluster slots'
      : 'no answer';
  }

  get ready(): boolean {
    return this.chosen && this.client.status === 'ready';
  }

  /** ioredis goes on in database 0 when it may not or cannot choose another: nobody must meet there unasked. */
  private async choose(database: number): Promise<void> {
    try {
      if (database !== 0) await this.client.select(database);
      this.trouble = '';
      this.chosen = true;
    } catch (error) {
      this.trouble = `database ${database}: ${explained(error as Error)}`;
    }
  }

  /** Runs a script; in a cluster its keys lie in one bucket. Rejects when it failed or was not answered in time. */
  async run(script: ScriptName, keys: string[], args: Argument[]): Promise<Reply> {
    const scripts = this.client as unknown as Record<string, (...args: Argument[]) => Promise<unknown>>;
    return answered(scripts[`${script}Buffer`](keys.length, ...keys, ...args));
  }

  /** Runs a command on one key. */
  async command(name: string, ...args: Argument[]): Promise<Reply> {
    return answered(this.client.callBuffer(name, ...args));
  }

  /** Gives up what is unanswered and connects anew: a Redis that stopped answering must not pile up commands. */
  reconnect(): void {
    this.client.disconnect(true);
  }

  close(): void {
    this.client.disconnect();
  }
}

/**
 * A complaint with its remedy. A server that expects TLS breaks off without it, one that knows none waits for more:
 * neither says why. `encrypted` = whether TLS is spoken, as far as that can be the cause.
 */
function explained({ message }: Error, encrypted?: boolean): string {
  if (message.startsWith('NOPERM'))
    return `${message}; give the user of Redis the rights that docs/scale.md lists`;
  if (encrypted === true && /ETIMEDOUT|wrong version number/.test(message))
    return `${message}; if it does not speak TLS, write redis://`;
  if (encrypted === false && /ECONNRESET|Connection is closed/.test(message))
    return `${message}; if it speaks TLS, write rediss://`;
  return message;
}

async function answered(reply: Promise<unknown>): Promise<Reply> {
  try {
    return textOf(await reply);
  } catch (error) {
    throw new Error(explained(error as Error), { cause: error });
  }
}

function standaloneOf(settings: RedisSettings): Redis {
  const { host, port } = addressOf(settings.urls[0]);
  return new Redis({
    ...common(settings),
    host,
    port,
    db: settings.database,
    enableOfflineQueue: false,
    retryStrategy: () => RECONNECT_MS,
  });
}

function clusterOf(settings: RedisSettings): Cluster {
  return new Cluster(settings.urls.map(addressOf), {
    enableOfflineQueue: false,
    // A cluster that is down or may not be asked is told by the first command; ioredis' own check keeps silent.
    enableReadyCheck: false,
    retryDelayOnClusterDown: 0,
    scripts: SCRIPTS,
    clusterRetryStrategy: () => RECONNECT_MS,
    slotsRefreshTimeout: settings.timeout * 1000,
    // By address instead of name, as ioredis would go on, no certificate fits.
    dnsLookup: (name, callback) => callback(null, name),
    redisOptions: common(settings),
  });
}

function common(settings: RedisSettings) {
  const { urls, username, password, timeout, ca, cert, key } = settings;
  return {
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    ...(urls[0].startsWith('rediss:') && {
      tls: { ...(ca !== '' && { ca }), ...(cert !== '' && { cert }), ...(key !== '' && { key }) },
    }),
    protocol: 2 as const,
    connectionName: 'atender-exporter',
    commandTimeout: timeout * 1000,
    connectTimeout: timeout * 1000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // After a fail-over behind one address the old connection still leads to the replica.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    scripts: SCRIPTS,
  } satisfies RedisOptions;
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
}

function textOf(reply: unknown): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (Array.isArray(reply)) return reply.map(textOf);
  return typeof reply === 'number' || typeof reply === 'string' ? reply : null;
}
