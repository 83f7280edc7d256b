import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { IngestionThread, type ThreadListener } from '../../src/ingest/ingestion-thread.ts';

const listener: ThreadListener = {
  publication: () => {},
  problem: () => {},
  segments: () => {},
  failed: () => {},
};

test('whoever begins to listen after the thread has failed is told why, and can still stop it', async () => {
  // Beside the sources lies no program of the thread: it fails at its start.
  const thread = new IngestionThread();
  await wait(500);
  await expect(thread.listen(listener)).rejects.toThrow('reading-thread.js');
  expect(await thread.stop(0)).toBe(false);
});
