import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { endLeftovers, eventually, freePort, temporaryDirectory } from '../exporter-process.ts';

const running = new Set<{ child: ChildProcess; directory: { remove: () => void }; client: Redis }>();

/** A redis-server of a test, on a free loopback port, that keeps nothing on disk. */
export interface RedisServer {
  url: string;
  port: number;
  /** Where nodes of a cluster talk to each other. */
  busPort: number;
  /** Of the test itself. */
  client: Redis;
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once and waits for that. */
  kill(): Promise<void>;
}

interface RedisOptions {
  port?: number;
  args?: string[];
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const cluster = options.args?.includes('--cluster-enabled') ?? false;
  const busPort = cluster ? await freePort() : 0;
  const directory = temporaryDirectory();
  const child = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory.path, '--save', ''],
      ...['--loglevel', 'warning', '--repl-diskless-sync-delay', '0', ...(options.args ?? [])],
      ...(cluster ? ['--cluster-port', String(busPort)] : []),
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  const client = new Redis({ host: '127.0.0.1', port, protocol: 2, retryStrategy: () => 100 });
  client.on('error', () => {});
  const entry = { child, directory, client };
  running.add(entry);
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error('redis-server ended');
    await client.ping();
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    busPort,
    client,
    signal: (signal) => void child.kill(signal),
    async kill() {
      client.disconnect();
      child.kill('SIGKILL');
      await exited;
      directory.remove();
      running.delete(entry);
    },
  };
}

/** A replica for each master of a cluster, ready to take over. */
export async function startReplicas(masters: RedisServer[]): Promise<RedisServer[]> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const replicas: RedisServer[] = [];
  for (const { client } of masters) {
    const replica = await startRedis({
      port: await freePort(),
      args: [...args, '--cluster-replica-validity-factor', '0'],
    });
    const id = await client.call('CLUSTER', 'MYID');
    await replica.client.call('CLUSTER', 'MEET', '127.0.0.1', masters[0].port, masters[0].busPort);
    await eventually(() => replica.client.call('CLUSTER', 'REPLICATE', id as string), 20_000);
    await eventually(async () => {
      const info = (await replica.client.call('INFO', 'replication')) as string;
      if (!info.includes('master_link_status:up')) throw new Error(info);
    }, 20_000);
    replicas.push(replica);
  }
  return replicas;
}

/** Three masters that share all slots, each with further arguments. */
export async function startCluster(argsOf: (node: number) => string[] = () => []): Promise<RedisServer[]> {
  const nodes: RedisServer[] = [];
  for (let i = 0; i < 3; i++) {
    const port = await freePort();
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...argsOf(i)];
    nodes.push(await startRedis({ port, args }));
  }
  const bounds = [0, 5461, 10923, 16384];
  for (const [i, { client }] of nodes.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', bounds[i], bounds[i + 1] - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (i > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0].port, nodes[0].busPort);
  }
  await eventually(async () => {
    for (const { client } of nodes) {
      const info = (await client.call('CLUSTER', 'INFO')) as string;
      if (!info.includes('cluster_state:ok') || !info.includes('cluster_known_nodes:3'))
        throw new Error(info);
    }
  }, 20_000);
  return nodes;
}

/** Ends what a test left running; call it in afterEach or afterAll. */
export function endRedisServers(): void {
  for (const { child, directory, client } of running) {
    client.disconnect();
    child.kill('SIGKILL');
    directory.remove();
  }
  running.clear();
}

/** One redis-server for all tests of a file, there from its first test on, and a directory for its exporters. */
export function meetingPlace(): {
  directory: { path: string };
  meeting: { readonly server: RedisServer };
} {
  const directory = temporaryDirectory();
  const meeting = {} as { server: RedisServer };
  beforeAll(async () => {
    meeting.server = await startRedis();
  });
  afterEach(endLeftovers);
  afterAll(() => {
    endRedisServers();
    directory.remove();
  });
  return { directory, meeting };
}
