import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckdb } from './duckdb.ts';
import { BadQuestion, type Page, type PageQuestion, searchPage, TooSlow } from './search-page.ts';

/** What the process is asked, one question at a time, and what it answers. */
export type SearchAnswer =
  | { type: 'page'; page: Page }
  | { type: 'bad'; message: string }
  | { type: 'tooSlow' }
  | { type: 'failed'; message: string };

const LIMITS = { memory: 256, threads: 1 };
/** Time for one page; whoever asks waits a little longer. */
export const SEARCH_MS = 10_000;

const directory = mkdtempSync(join(tmpdir(), 'atender-search-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
process.once('disconnect', () => process.exit(0));
process.on('message', async (question: PageQuestion) => {
  process.send?.(await answerTo(question));
});

async function answerTo(question: PageQuestion): Promise<SearchAnswer> {
  const { connection, close } = await openDuckdb({ ...LIMITS, directory });
  try {
    return { type: 'page', page: await searchPage(connection, question, SEARCH_MS) };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof BadQuestion) return { type: 'bad', message };
    return error instanceof TooSlow ? { type: 'tooSlow' } : { type: 'failed', message };
  } finally {
    close();
  }
}
