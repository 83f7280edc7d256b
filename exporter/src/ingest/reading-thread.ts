import { setImmediate, setTimeout } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import type { SegmentRow } from '../store/row-types.ts';
import { openStore } from '../store/sqlite.ts';
import { StoreError } from '../store/store-errors.ts';
import { Ingestion } from './ingestion.ts';
import { ParseAhead } from './parse-ahead.ts';
import type { Publication } from './publication.ts';
import type { FromThread, Report, ThreadStart, ToThread } from './thread-messages.ts';

/**
 * Pause between looks when no line came for a while, milliseconds; the next one is then committed in the turn that
 * sees it. Before that it is half a commit interval: what the first look finds is committed with the second.
 */
const QUIET_MS = 500;
const QUIET_AFTER_MS = 10_000;

const port = parentPort!;
const send = (message: FromThread): void => port.postMessage(message);
port.once('message', (start: ThreadStart) => void read(start));

/** Reads until it is told to stop. */
async function read({ storePath, settings }: ThreadStart): Promise<void> {
  try {
    const output = {
      publish: (publication: Publication) => send({ type: 'publication', publication }),
      report: (problem: Report) => send({ type: 'problem', problem }),
      segments: (ready: SegmentRow[]) => send({ type: 'segments', ready }),
    };
    let stopBy: number | undefined;
    let { commitInterval } = settings;
    let wake = new AbortController();
    const store = openStore(storePath);
    const ingestion = new Ingestion(settings, store, output, Date.now, ParseAhead.where());
    send({ type: 'opened' });
    port.on('message', (message: ToThread) => {
      if (message.type === 'stop') stopBy = message.deadline;
      else if (message.type === 'sealed') ingestion.sealed(message.segments);
      else if (message.type === 'reconfigure') {
        ingestion.reconfigure(message.settings);
        commitInterval = message.settings.commitInterval;
      }
      wake.abort();
    });
    let lastRead = performance.now();
    while (stopBy === undefined) {
      const read = await ingestion.turn();
      const quiet = performance.now() - lastRead > QUIET_AFTER_MS;
      if (read > 0) {
        lastRead = performance.now();
        await setImmediate();
      } else {
        const pause = quiet ? QUIET_MS : Math.min(QUIET_MS, 500 * commitInterval);
        await setTimeout(pause, undefined, { signal: wake.signal }).catch(() => {});
      }
      if (wake.signal.aborted) wake = new AbortController();
    }
    const committed = await ingestion.finish(stopBy);
    send({ type: 'stopped', committed });
  } catch (error) {
    send({ type: 'failed', message: messageOf(error) });
  }
  port.close();
}

/** What the store refuses says what to do; anything else is a defect, and its stack tells where. */
function messageOf(error: unknown): string {
  if (error instanceof StoreError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
