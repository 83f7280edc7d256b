import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A finished run of a command, measured from outside. */
export interface CommandRun {
  seconds: number;
  /** Processor time of all threads (user and system), to within 20 ms. */
  processorSeconds: number;
  peakMemoryMiB: number;
  stdout: string;
}

/** Runs a command to its end. Throws when it fails. Linux only. */
export async function measuredCommand(command: string, args: string[]): Promise<CommandRun> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [chunks, errors]: Buffer[][] = [[], []];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => errors.push(chunk));
  let used = { processorSeconds: 0, peakMemoryMiB: 0 };
  // The kernel forgets both when the process ends.
  const sampling = setInterval(() => {
    try {
      used = {
        processorSeconds: processorSeconds(child.pid!),
        peakMemoryMiB: peakMemoryMiB(child.pid!) || used.peakMemoryMiB,
      };
    } catch {}
  }, 20);
  const [code] = await once(child, 'close');
  clearInterval(sampling);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${Buffer.concat(errors)}`);
  return { seconds: (performance.now() - started) / 1000, ...used, stdout: Buffer.concat(chunks).toString() };
}

/** Processor seconds (user and system, all threads) that a running process has used. Linux only. */
export const processorSeconds = (pid: number): number => seconds(`/proc/${pid}/stat`, UTIME);

/** The same of its child processes that have ended. Linux only. */
export const childProcessorSeconds = (pid: number): number => seconds(`/proc/${pid}/stat`, CUTIME);

/** Processor seconds of the busiest thread but the main one: the ingestion thread of an exporter. Linux only. */
export function busiestThreadSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).filter((thread) => Number(thread) !== pid);
  return Math.max(...threads.map((thread) => seconds(`/proc/${pid}/task/${thread}/stat`, UTIME)));
}

/** Indexes of user time in `stat`, counted after the command's name. System time follows each. */
const UTIME = 11;
const CUTIME = 13;

function seconds(path: string, field: number): number {
  const stat = readFileSync(path, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Linux reports 100 clock ticks a second to user space.
  return (Number(fields[field]) + Number(fields[field + 1])) / 100;
}

/** Peak resident memory of a running process in MiB, NaN when it is ending. Linux only. */
export function peakMemoryMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}
