import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command, as a user runs it. */
export const COMMAND = fileURLToPath(new URL('../bin/atender-exporter.js', import.meta.url));

const running = new Set<ChildProcess>();

/** A running `atender-exporter serve` of a test. */
export interface ExporterProcess {
  url: string;
  pid: number;
  /** Everything the process wrote on stdout and stderr so far. */
  output(): string;
  metrics(): Promise<string>;
  /** Waits until /-/ready answers 200. */
  ready(): Promise<void>;
  /** Sends the signal and waits for the end; resolves to the exit code (null when killed). */
  end(signal: NodeJS.Signals): Promise<number | null>;
  exited: Promise<number | null>;
}

/** Starts the exporter on a free loopback port. `args` come after `serve --web.listen-address …`. */
export async function startExporter(
  args: string[],
  options: {
    port?: number;
    cwd?: string;
    env?: Record<string, string>;
    openFiles?: number;
    /** Another build of the exporter. */
    command?: string;
  } = {},
): Promise<ExporterProcess> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const limited = options.openFiles ? `ulimit -n ${options.openFiles}; ` : '';
  const child = spawn(
    'sh',
    [
      ...['-c', `${limited}exec "$@"`, 'sh', process.execPath, options.command ?? COMMAND],
      ...['serve', '--web.listen-address', `127.0.0.1:${port}`, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd, env: { ...process.env, ...options.env } },
  );
  running.add(child);
  const written: Buffer[] = [];
  child.stdout.on('data', (chunk) => written.push(chunk));
  child.stderr.on('data', (chunk) => written.push(chunk));
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const output = () => Buffer.concat(written).toString('utf8');
  return {
    url,
    pid: child.pid!,
    output,
    exited,
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    ready: () =>
      eventually(async () => {
        if (child.exitCode !== null) throw new Fatal(`exporter ended with ${child.exitCode}: ${output()}`);
        const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
        if (answer?.status !== 200) throw new Error(`not ready: ${await answer?.text()}\n${output()}`);
      }, 30_000),
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs a command of the CLI to its end. */
export async function runCommand(
  args: string[],
  options: { cwd?: string; env?: Record<string, string>; input?: string | Uint8Array } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  });
  running.add(child);
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  running.delete(child);
  return { code, stdout, stderr };
}

/** Ends what a failing test left running; call it in afterEach. */
export function endLeftovers(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}

/** An error that waiting longer cannot mend. */
export class Fatal extends Error {}

/** Repeats `attempt` until it stops throwing; throws its last error after `milliseconds`. */
export async function eventually<T>(attempt: () => T | Promise<T>, milliseconds = 10_000): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Fatal || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * A loopback port nobody listens on, below those that the kernel gives to outgoing connections (32768 on,
 * Linux' ip_local_port_range): one of those could be taken before the server that it is meant for binds it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await canListen(port)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (free) await new Promise((closed) => server.close(closed));
  return free;
}

/** A temporary directory that is removed by the returned function. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'atender-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Sum of all samples of a metric in text exposition whose labels contain every given `name="value"`. */
export function sumOf(exposition: string, metric: string, ...labels: string[]): number {
  let sum = 0;
  for (const line of exposition.split('\n')) {
    if (!line.startsWith(`${metric}{`) && !line.startsWith(`${metric} `)) continue;
    if (!labels.every((label) => line.includes(label))) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
