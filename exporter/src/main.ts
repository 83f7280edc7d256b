import { readFileSync } from 'node:fs';
import { IngestionThread } from './ingest/ingestion-thread.ts';

/**
 * The program. To follow logs is what it is started for without a command's name: then the thread that reads them
 * loads its code while this one loads all that checks options, a tenth of a second, and is told what to do later.
 */
const [command = 'serve'] = process.argv.slice(2);
const thread = command === 'serve' || command.startsWith('--') ? new IngestionThread() : undefined;
const { commandLine } = await import('./commands/cli.ts');
// Beside src/ and dist/ alike.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
await commandLine(thread, version);
