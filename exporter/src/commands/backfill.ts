import { existsSync, readdirSync, statSync } from 'node:fs';
import { backfill } from '../backfill/backfill.ts';
import { isDayFile } from '../backfill/day-files.ts';
import { givenTwice } from '../backfill/given-twice.ts';
import type { Reading } from '../backfill/requests-in-order.ts';
import { QuestionError } from '../history/key-choice.ts';
import { KEY_FAMILIES } from '../metrics/families.ts';
import { parseDuration } from '../time/duration.ts';
import { defaultFormat, type Settings } from './settings.ts';

export interface BackfillFlags {
  to: string;
  output: string;
  step: string;
  label: string[];
}

/** Prometheus looks back five minutes for a sample: with a longer step graphs have holes. */
const LONGEST_STEP = 299;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.*)$/s;
const TAKEN = new Set([
  'key_id',
  'tenant_id',
  ...Object.values(KEY_FAMILIES).flatMap(({ labels }) => labels),
]);

/** Writes past metrics of log files for promtool. Throws QuestionError for flags that make no sense. */
export async function runBackfill(
  paths: string[],
  flags: BackfillFlags,
  { config, ingestion }: Settings,
  messages: NodeJS.WriteStream,
): Promise<void> {
  if (flags.to !== 'openmetrics')
    throw new QuestionError(`--to: ${JSON.stringify(flags.to)} is not known; there is openmetrics`);
  const step = stepOf(flags.step);
  const usage = { ...ingestion.usage, zeroHoldSeconds: step / 2, parkAfterSeconds: 0 };
  await requireEachOnce(paths);
  try {
    requireNoDayFiles(flags.output);
    const done = await backfill({
      ...{ paths, step, directory: flags.output, format: defaultFormat(config) },
      settings: { ...ingestion, usage },
      labels: labelsOf(flags.label),
      wallClock: Date.now() / 1000,
      onProgress: progressOn(messages),
    });
    if (messages.isTTY) messages.write('\n');
    messages.write(
      `${done.requests} requests, ${done.rejected} lines rejected, ${done.files.length} files\n`,
    );
    messages.write(
      `load them: for f in '${flags.output}'/*.openmetrics; do promtool tsdb create-blocks-from openmetrics "$f" <data directory>; done\n`,
    );
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === 'FOREIGN') throw new QuestionError(`${path}: ${(error as Error).message}`);
    throw new QuestionError(
      /^Z(STD)?_/.test(code)
        ? `${path}: the ${code.startsWith('Z_') ? 'gzip' : 'zstd'} file is cut off or damaged (${code}); put it back from a copy, or leave it out`
        : `${path ?? flags.output}: ${code}; see to the path, its permissions and its room`,
    );
  }
}

/** Patterns of a shell that overlap, and copies beside a log, give requests twice, which would then count twice. */
async function requireEachOnce(paths: string[]): Promise<void> {
  const seen = new Set<string>();
  for (const path of paths) {
    const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
    const file = ino === undefined ? path : `${dev}:${ino}`;
    if (seen.has(file)) throw new QuestionError(`${path}: it is given twice; name each file once`);
    seen.add(file);
  }
  const twice = await givenTwice(paths);
  if (twice)
    throw new QuestionError(
      `${twice.part}: all it holds is in ${twice.whole} too, and would count twice; leave it out`,
    );
}

/** Loaded together, files of two runs would be one history with days of both. */
function requireNoDayFiles(directory: string): void {
  const [earlier] = existsSync(directory) ? readdirSync(directory).filter(isDayFile) : [];
  if (earlier !== undefined)
    throw new QuestionError(
      `--output: ${directory} holds files of an earlier run (${earlier}); remove them, or name another directory`,
    );
}

function stepOf(text: string): number {
  let step = Number.NaN;
  try {
    step = parseDuration(text);
  } catch (error) {
    throw new QuestionError(`--step: ${(error as Error).message}`);
  }
  if (Number.isInteger(step) && step >= 1 && step <= LONGEST_STEP) return step;
  throw new QuestionError(
    `--step: must be whole seconds from 1s to ${LONGEST_STEP}s; Prometheus looks back 5 min`,
  );
}

function labelsOf(texts: string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const found = LABEL.exec(text);
    if (!found) throw new QuestionError(`--label: ${JSON.stringify(text)} is not of the form name=value`);
    const [, name, value] = found;
    // promtool refuses a series that has a label twice.
    if (TAKEN.has(name) || name.startsWith('__'))
      throw new QuestionError(`--label: ${name} is a label of the metrics themselves; name another one`);
    if (labels.has(name)) throw new QuestionError(`--label: ${name} is given twice; give each label once`);
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}

/** On a terminal only, and not more often than anyone can read. */
function progressOn(messages: NodeJS.WriteStream): (reading: Reading, at: number) => void {
  let next = 0;
  return ({ bytes, requests }, at) => {
    if (!messages.isTTY || Date.now() < next) return;
    next = Date.now() + 200;
    const time = new Date(at * 1000).toISOString().slice(0, 16);
    messages.write(`\r${Math.round(bytes / 1e6)} MB, ${requests} requests, at ${time}Z `);
  };
}
