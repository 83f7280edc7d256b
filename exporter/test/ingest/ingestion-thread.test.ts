import { expect, test } from '@jest/globals';
import { IngestionThread, type ThreadListener } from '../../src/ingest/ingestion-thread.ts';

const listener: ThreadListener = {
  publication: () => {},
  problem: () => {},
  segments: () => {},
  failed: () => {},
};

test('a listener that comes after the thread has failed gets the reason, and the thread can still be stopped', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  // There is no reading-thread.js beside the sources, so the thread fails at its start.
  const thread = new IngestionThread();
  // Resolves when the thread has ended; nothing was committed.
  expect(await thread.stop(30_000)).toBe(false);
  // Node reports a rejection that nobody handles before the next turn of the event loop.
  await new Promise(setImmediate);
  await expect(thread.listen(listener)).rejects.toThrow('reading-thread.js');
  expect(await thread.stop(30_000)).toBe(false);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
