import { Agent, get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type ExporterProcess, eventually, startExporter, sumOf } from '../../test/exporter-process.ts';
import { processorSeconds } from './process.ts';

/** An exporter that has read and committed a log, and how long that took from the start of the process. */
export interface CaughtUp {
  exporter: ExporterProcess;
  seconds: number;
}

/** Starts `serve` and waits until it has read and committed `lines` lines. `options` as for startExporter. */
export async function catchUp(
  args: string[],
  lines: number,
  options: Parameters<typeof startExporter>[1] = {},
): Promise<CaughtUp> {
  const started = performance.now();
  const exporter = await startExporter([...args, '--log.level', 'warn'], options);
  return { exporter, seconds: ((await readAll(exporter, lines)) - started) / 1000 };
}

/**
 * When (as performance.now()) /-/ready answered that everything is read and committed. Throws when that are not `lines`
 * lines. Asks over one connection and not for metrics: whatever asks shares the cores with what is measured.
 */
async function readAll(exporter: ExporterProcess, lines: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const deadline = Date.now() + 300_000;
  while ((await status(`${exporter.url}/-/ready`, agent)) !== 200) {
    if (Date.now() > deadline) throw new Error(`not read within 300 s: ${exporter.output()}`);
    await wait(20);
  }
  const ready = performance.now();
  agent.destroy();
  // The counters may arrive in the HTTP thread a moment after the readiness.
  await eventually(async () => {
    const read = sumOf(await exporter.metrics(), 'atender_exporter_lines_total');
    if (read !== lines) throw new Error(`ready with ${read} of ${lines} lines`);
  }, 2_000);
  return ready;
}

/** 0 while the process does not listen. */
const status = (url: string, agent: Agent): Promise<number> =>
  new Promise((resolve) => {
    get(url, { agent }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode ?? 0))).on(
      'error',
      () => resolve(0),
    );
  });

/** Share of one core that a process uses over some seconds. */
export async function processorShare(pid: number, seconds: number): Promise<number> {
  const before = processorSeconds(pid);
  const started = performance.now();
  await wait(seconds * 1000);
  return (processorSeconds(pid) - before) / ((performance.now() - started) / 1000);
}
