import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { IngestionThread } from '../ingest/ingestion-thread.ts';
import { patternWarnings } from '../ingest/pattern-reports.ts';
import { NO_TENANT } from '../keys/key-labels.ts';
import { maskKey } from '../parse/masking.ts';
import { parseDuration } from '../time/duration.ts';
import type { BackfillFlags } from './backfill.ts';
import type { ExplainFlags } from './explain.ts';
import { append, type Flags, inputOf, withOptions } from './flags.ts';
import type { ForgetFlags } from './forget.ts';
import type { RebuildFlags } from './rebuild.ts';
import { readSettings, readSettingsAtStart, type Settings, type SettingsInput } from './settings.ts';
import type { UsageFlags } from './usage.ts';

let version = '';

/** Names of errors whose message is for people. */
const EXPECTED = new Set(['QuestionError', 'StoreError', 'ArchiveError']);

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // A reader such as head that has enough is no error.
  if (code === 'EPIPE') return;
  console.error(`standard output: ${message}`);
  process.exitCode = 1;
});

// A command imports what it alone needs: the rest would cost every start of `once` a fifth of a second.
const program = new Command('atender-exporter').description(
  'Per-key usage of the Atender API for Prometheus, read from its request logs.',
);

withOptions(program.command('serve', { isDefault: true }))
  .description('Follow the logs and answer HTTP until SIGTERM.')
  .action(async (flags: Flags) => {
    await run(inputOf(flags));
  });

withOptions(program.command('once'))
  .description('Read files to their end without any store; print the metrics, and what was rejected and why.')
  .argument('<file...>', 'plain or gzip; - is standard input')
  .action(async (files: string[], flags: Flags) => {
    const { readOnce } = await import('./once.ts');
    process.exitCode = await readOnce(files, requireSettings(inputOf(flags)), process.stdout, process.stderr);
  });

withOptions(program.command('check-config'))
  .description(
    'Print every problem of configuration, web configuration and keys file; exit 1 when there is one. A log pattern that matches no readable file is a warning: exit 0.',
  )
  .action((flags: Flags) => {
    const { ingestion } = requireSettings(inputOf(flags));
    const warnings = patternWarnings(ingestion.sources);
    for (const warning of warnings) console.error(`warning: ${warning}`);
    const found = `${warnings.length} warning${warnings.length === 1 ? '' : 's'}`;
    console.log(warnings.length === 0 ? 'no problem found' : `no error, ${found}`);
  });

const usage = withOptions(program.command('usage'))
  .description('What a key, a tenant or all keys did by day, week, month or year; beside a running exporter.')
  .option('--key <id>', 'a key by its id or fingerprint; default all', '')
  .option('--tenant <id>', `keys of one tenant only; ${NO_TENANT} = those without one`, '')
  .option('--from <day>', '2026-11-23, 2026-11, 2026Q4 or 2026', '')
  .option('--to <day>', 'as --from, its last day; default today', '')
  .option('--by <period>', 'day, week, month or year', 'day')
  .option('--format <form>', 'table, json or csv; default table on a terminal, json elsewhere', '')
  .action((flags: Flags) =>
    answer(async () => {
      const { printUsage } = await import('./usage.ts');
      printUsage(flags as unknown as UsageFlags, requireSettings(inputOf(flags)), process.stdout);
    }),
  );

usage
  .command('rebuild')
  .description('Count archived days anew and replace their daily aggregates; the exporter must be stopped.')
  .option('--check', 'only say whether they differ (exit 1); beside a running exporter too')
  .action((_: Flags, command: Command) =>
    answer(async () => {
      const { rebuildUsage } = await import('./rebuild.ts');
      const flags = command.optsWithGlobals();
      const settings = requireSettings(inputOf(flags));
      process.exitCode = await rebuildUsage(flags as RebuildFlags, settings, process.stdout, process.stderr);
    }),
  );

withOptions(program.command('review'))
  .description('One page for the quarterly review of all keys: verdict and evidence, with a place to sign.')
  .option('--quarter <quarter>', 'e.g. 2026Q4; default the current one', '')
  .option('--format <form>', 'html, md, csv or json', 'html')
  .action((flags: Flags) =>
    answer(async () => {
      const { printReview } = await import('./review.ts');
      const asked = flags as unknown as { quarter: string; format: string };
      await printReview(asked, requireSettings(inputOf(flags)), process.stdout, process.stderr);
    }),
  );

const key = program.command('key').description('Questions about one key.');
withOptions(key.command('explain'))
  .description(
    'What would break if the key were revoked now: its callers, their last calls, when it is safe.',
  )
  .argument('<key>', 'by its id or fingerprint')
  .option('--tenant <id>', `where several tenants have a key of this id; ${NO_TENANT} = that without one`, '')
  .option('--days <number>', 'how far to look back', '90')
  .option('--format <form>', 'text or json', 'text')
  .action((id: string, flags: Flags) =>
    answer(async () => {
      const { explainKey } = await import('./explain.ts');
      await explainKey(id, flags as unknown as ExplainFlags, requireSettings(inputOf(flags)), process.stdout);
    }),
  );

withOptions(key.command('forget'))
  .description(
    'Remove unregistered keys from the store, e.g. those that a wrong log format invented. Shows them; --yes removes them while the exporter is stopped.',
  )
  .argument('[pattern...]', 'ids, or patterns with * and ?; without any all unregistered keys are shown')
  .option('--tenant <id>', `keys of one tenant only; ${NO_TENANT} = those without one`, '')
  .option('--yes', 'remove them; the exporter must be stopped')
  .option('--history', 'show what was removed, when and by whom')
  .action((patterns: string[], flags: Flags) =>
    answer(async () => {
      const { forgetKeysOf } = await import('./forget.ts');
      const settings = requireSettings(inputOf(flags));
      forgetKeysOf(patterns, flags as unknown as ForgetFlags, settings, process.stdout);
    }),
  );

withOptions(program.command('backfill'))
  .description('Write the metrics of past logs, at the time of their events, as files for promtool.')
  .argument('<file...>', 'plain or .gz, each in order of time')
  .option('--to <form>', 'openmetrics', 'openmetrics')
  .option('--output <directory>', 'where a file for each UTC day is written', 'backfill')
  .option('--step <duration>', 'time between two samples of a series', '2m')
  .option('--label <name=value>', 'a label that scrapes add, e.g. job=atender-exporter', append, [])
  .action((files: string[], flags: Flags) =>
    answer(async () => {
      const { runBackfill } = await import('./backfill.ts');
      await runBackfill(
        files,
        flags as unknown as BackfillFlags,
        requireSettings(inputOf(flags)),
        process.stderr,
      );
    }),
  );
const audit = program.command('audit').description('Ask the archive of single requests (record.archive).');

withOptions(audit.command('search'))
  .description(
    'Print requests out of the archive: as a table on a terminal, else as JSON lines. Works beside a running exporter and sees what it has committed.',
  )
  .option('--key <id>', 'the key, as metrics name it')
  .option('--tenant <id>', `its tenant; ${NO_TENANT} = requests without one`)
  .option('--ip <address>', 'an address or a network such as 203.0.113.0/24')
  .option('--status <codes>', 'codes and classes, such as 404 or 4xx,500; 0 = no response')
  .option('--endpoint <template>', 'a template such as /v1/contacts/:id; * stands for anything')
  .option('--method <method>')
  .option('--from <time>', 'event time: a UTC day, a time with its offset, or how long ago, such as 24h')
  .option('--to <time>', 'up to this time; a day is included')
  .option('--order <newest|oldest>', 'what comes first', 'newest')
  .option('--limit <number>', 'end after so many requests')
  .option('--format <format>', 'table, jsonl, csv or parquet')
  .option('--output <file>', 'write to a new file')
  .action(async (flags: Flags) => {
    const { auditSearch } = await import('./audit.ts');
    process.exitCode = await auditSearch(
      flags,
      requireSettings(inputOf(flags)),
      process.stdout,
      process.stderr,
    );
  });

withOptions(audit.command('verify'))
  .description(
    'Compare the archive with its manifest; name every changed, missing and added file. Exit 1 when there is one.',
  )
  .option(
    '--expect <hash>',
    'a head (or, with --sign-key, a signature) noted earlier: the manifest must continue it',
  )
  .option('--sign-key <file>', 'print the signature of the head: HMAC-SHA-256 under the key in this file')
  .action(async (flags: Flags) => {
    const { auditVerify } = await import('./audit.ts');
    process.exitCode = await auditVerify(
      flags,
      requireSettings(inputOf(flags)),
      process.stdout,
      process.stderr,
    );
  });

program
  .command('demo')
  .description('DEMONSTRATION: write an invented request log whose keys show every state.')
  .option('--directory <path>', 'where log, keys file and, with --serve, the store are', '.demo')
  .option('--history <duration>', 'past log that is written at once, e.g. 14d', '0')
  .option('--history-only', 'end when the past log is written')
  .option('--seed <number>', 'the same seed gives the same traffic', '1')
  .option('--serve', 'run the exporter on it too')
  .option('--web.listen-address <host:port>', 'with --serve: where HTTP is answered')
  .action(async (flags: DemoFlags) => {
    const { runDemo, writeHistory } = await import('../demo/demo.ts');
    const { directory, seed } = flags;
    const options = { directory, seed: Number(seed), history: durationOf('--history', flags.history) };
    if (flags.historyOnly || flags.serve) await writeHistory(options);
    if (flags.serve) {
      const { demoInput, startTraffic } = await import('./serve-demo.ts');
      const traffic = startTraffic(directory, flags);
      await run(demoInput(directory, flags['web.listenAddress']));
      traffic.kill('SIGTERM');
    } else if (!flags.historyOnly) await runDemo(options);
  });

program
  .command('mask')
  .description('Read a raw key from standard input and print the masked form that metrics and keys file use.')
  .action(() => {
    console.log(maskKey(readFileSync(0, 'utf8').trim()));
  });

const shared = program.command('shared').description('What exporters share through Redis.');
withOptions(shared.command('forget'))
  .description('Retire an instance that is gone for good; its days are kept, and it may not publish again.')
  .argument('<instance>', 'its instance.id')
  .action(async (instance: string, flags: Flags) => {
    const { sharing } = requireSettings(inputOf(flags));
    if (!sharing) fail(['shared.redis.url: facts are not shared; name the Redis with --shared.redis.url']);
    const { forgetInstance } = await import('../shared/forget-instance.ts');
    try {
      await forgetInstance(sharing.redis, sharing.keyPrefix, instance);
      console.log(`instance ${instance} is forgotten; what it counted by day is kept`);
    } catch (error) {
      fail([`shared forget: ${(error as Error).message}`]);
    }
  });

/** A thread that was started before it was known what it is to do; whichever command follows logs takes it. */
let waiting: IngestionThread | undefined;

/** Does what the command line asks for. `thread`: one that waits for its start, if any. `release`: what --version prints. */
export async function commandLine(thread: IngestionThread | undefined, release: string): Promise<void> {
  waiting = thread;
  version = release;
  program.version(version);
  await program.parseAsync();
}

interface DemoFlags {
  directory: string;
  history: string;
  historyOnly?: boolean;
  seed: string;
  serve?: boolean;
  'web.listenAddress'?: string;
}

async function run(input: SettingsInput): Promise<void> {
  const { settings, problems } = await readSettingsAtStart(input);
  if (settings === undefined) fail(problems);
  if (settings.ingestion.sources.length === 0)
    fail([
      'log.path: there is nothing to follow; name files with --log.path, or try `atender-exporter demo --serve`',
    ]);
  const { config, ingestion } = settings;
  // From here on: the default action on a signal would end a start half-way, and with another exit code.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  const thread = waiting ?? new IngestionThread();
  // It opens the store and reads while the rest is loaded.
  thread.start({ storePath: config.store.path, settings: ingestion });
  const [{ pino }, { serve }] = await Promise.all([import('pino'), import('./serve.ts')]);
  const logger = pino({ level: config.log.level }, pino.destination(2));
  process.exitCode = await serve({ settings, input, logger, version, thread, stop });
}

/** Errors that say what to do are told without a stack. */
async function answer(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof Error) || !EXPECTED.has(error.name)) throw error;
    fail([error.message]);
  }
}

function requireSettings(input: SettingsInput): Settings {
  const { settings, problems } = readSettings(input);
  return settings ?? fail(problems);
}

function durationOf(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    return fail([`${flag}: ${(error as Error).message}`]);
  }
}

function fail(problems: string[]): never {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
