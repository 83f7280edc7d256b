import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A finished run of a command, measured from outside. */
export interface Run {
  seconds: number;
  stdout: string;
}

/** Runs a command to its end; throws when it fails. */
export async function timed(command: string, args: string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return { seconds: (performance.now() - started) / 1000, stdout: Buffer.concat(chunks).toString() };
}

/** Processor seconds (user and system, all threads) a running process has used; Linux only. */
export const cpuSeconds = (pid: number): number => cpuTicks(pid, 11) / 100;

/** The same of its child processes that have ended; Linux only. */
export const childCpuSeconds = (pid: number): number => cpuTicks(pid, 13) / 100;

/** Two neighbouring fields of the process's stat, counted from the one behind the command's name. */
function cpuTicks(pid: number, field: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, cutime and cstime, in clock ticks; Linux reports 100 a second to user space.
  return Number(fields[field]) + Number(fields[field + 1]);
}

/** Processor seconds of the busiest thread but the main one: with an exporter, the thread that reads; Linux only. */
export function readingSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).filter((thread) => Number(thread) !== pid);
  return Math.max(
    ...threads.map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    }),
  );
}

/** Peak resident memory of a running process in MiB; Linux only. */
export function peakMemoryMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

export const median = (numbers: number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
