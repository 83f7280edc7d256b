import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { IngestionSettings } from '../../exporter/src/ingest/ingestion-settings.ts';

export interface ReplayOptions {
  log: string;
  settings: IngestionSettings;
  /** Seconds since the epoch: the first and the last scrape, and the time between two. */
  from: number;
  to: number;
  step: number;
  /** A Prometheus data directory that nobody uses yet. */
  data: string;
  /** Address the exporter is scraped under. */
  instance: string;
  /** The metrics that are stored; default all. */
  metrics?: Set<string>;
}

/**
 * Runs the exporter's own accounting and exposition over a past log with the clock of that time, and stores
 * what a Prometheus would have scraped as blocks. What the log holds before `from` is history. In a process of its
 * own: where jest has modules evaluated, the same takes several times as long.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const child = fork(fileURLToPath(new URL('./replaying.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  child.send(options);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the past cannot be replayed: the process ended with ${code}`);
}
