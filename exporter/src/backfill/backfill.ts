import type { FormatOptions } from '../parse/format.ts';
import { DayFiles } from './day-files.ts';
import { PastExporter, type PastOptions } from './past-exporter.ts';
import { type Reading, requestsInOrder } from './requests-in-order.ts';

export interface BackfillOptions extends PastOptions {
  paths: readonly string[];
  format: FormatOptions;
  /** Seconds between two samples. */
  step: number;
  directory: string;
  /** Wall clock, seconds: no sample is later. */
  wallClock: number;
  onProgress: (reading: Reading, at: number) => void;
}

/** Seconds without a request that are filled with samples. */
const LONGEST_QUIET = 86_400;

/**
 * Writes the metrics that an exporter would have shown while the logs were written, a sample of each series
 * every `step` seconds, at the time of the events. A series begins with 0, so that `increase()` sees all of it,
 * and has its value from the next step on. Where no request came for more than LONGEST_QUIET the samples end, until
 * the next one. Memory holds a block of each file and the exporter's state. Throws what reading and writing throw.
 */
export async function backfill(options: BackfillOptions): Promise<Reading & { files: string[] }> {
  const { step, wallClock } = options;
  const reading: Reading = { bytes: 0, requests: 0, rejected: 0 };
  const files = new DayFiles(options.directory);
  let exporter: PastExporter | undefined;
  /** Time of the latest request. */
  let last = 0;
  const sample = async (past: PastExporter): Promise<void> => {
    files.write(await past.samples(), past.now);
    options.onProgress(reading, past.now);
  };
  for await (const record of requestsInOrder(options.paths, options.format, reading)) {
    const at = Math.min(record.timestampMs / 1000, wallClock);
    if (!exporter) {
      exporter = new PastExporter(options, Math.floor(at / step) * step);
      // Nothing is history: what the first step counts is seen to rise from nothing.
      await sample(exporter);
      exporter.now += step;
    }
    for (; at > exporter.now; exporter.now += step) {
      await sample(exporter);
      // To the step before the next request: a clock that was wrong for one line must not fill the disk.
      if (exporter.now - last > LONGEST_QUIET)
        exporter.now += Math.max(0, Math.ceil((at - exporter.now) / step) - 2) * step;
    }
    exporter.account(record);
    last = Math.max(last, at);
  }
  if (exporter) {
    await sample(exporter);
    // What came last has its value one step later.
    const end = Math.min(exporter.now + step, wallClock);
    if (end > exporter.now) {
      exporter.now = end;
      await sample(exporter);
    }
  }
  files.end();
  return { ...reading, files: files.paths };
}
