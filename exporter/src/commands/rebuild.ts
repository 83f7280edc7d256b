import { OTHER } from '../health/pseudo-keys.ts';
import { QuestionError } from '../history/key-choice.ts';
import { timeOf } from '../history/time-question.ts';
import { registryOf } from '../keys/registry.ts';
import { ArchivedRequests } from '../record/archived-requests.ts';
import { rebuiltDays } from '../record/rebuilt-days.ts';
import { type DayVerdict, type ReconciledRow, reconciledDay } from '../record/reconciled-day.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import { openStore, openStoreForReading } from '../store/sqlite.ts';
import { keyLine } from '../text/key-name.ts';
import { terminalText } from '../text/terminal-text.ts';
import { dateOf } from '../time/days.ts';
import type { DayRow, KeyRow } from '../usage/changes.ts';
import type { Settings } from './settings.ts';

export interface RebuildFlags {
  from: string;
  to: string;
  check?: boolean;
}

/** Days of keys that differ and are named. */
const NAMED = 20;

/**
 * Counts the days anew from the archive and puts the result in the place of the daily aggregates, or with
 * `check` only says where they differ. See reconciledDay for what stays as it is. Returns the exit code: 1 when a
 * check finds a difference. Throws QuestionError and StoreError.
 */
export async function rebuildUsage(
  { from, to, check = false }: RebuildFlags,
  { config, ingestion }: Settings,
  out: NodeJS.WritableStream,
  messages: NodeJS.WriteStream,
): Promise<number> {
  if (from === '') throw new QuestionError('--from: say from which day on, e.g. 2026-11-01');
  const { days } = timeOf({ from, to, by: 'day' }, Date.now() / 1000);
  const archive = await ArchivedRequests.open(config.record.path, dateOf(days.from), dateOf(days.to));
  if (!archive)
    throw new QuestionError(
      `${config.record.path} has no archived requests of ${dateOf(days.from)} to ${dateOf(days.to)}; see to --record.path`,
    );
  const writable = check ? undefined : openStore(config.store.path);
  const store = writable ?? openStoreForReading(config.store.path);
  const registry = registryOf(ingestion);
  const outcome: Record<DayVerdict, number> = { same: 0, different: 0, late: 0, kept: 0 };
  const differences: string[] = [];
  try {
    const { changes } = store.load();
    const keys = new Map(changes.keys.map((row) => [row.key, row]));
    for await (const rebuilt of rebuiltDays(archive, changes, ingestion.usage, registry)) {
      for (const row of rebuilt.keys) keys.set(row.key, row);
      const reconciled = reconciledRows(rebuilt.days, store.daily, keys.values());
      for (const row of reconciled) {
        outcome[row.verdict]++;
        if (row.verdict === 'different' && differences.length < NAMED)
          differences.push(differenceOf(row, keys.get(row.key) as KeyRow));
      }
      const replaced = reconciled.filter(({ verdict }) => verdict === 'different' || verdict === 'late');
      writable?.replaceDays({ ...rebuilt, days: replaced });
      if (messages.isTTY) messages.write(`\r${rebuilt.day}: ${rebuilt.requests} requests `);
    }
  } finally {
    archive.close();
    store.close();
  }
  const { same, different, late, kept } = outcome;
  out.write(
    `${archive.days.size} days of the archive: ${same} days of keys are the same, ${different} ${check ? 'differ' : 'replaced'}, ` +
      `${late} ${check ? 'differ' : 'replaced'} in the busiest minute only because lines came late, ` +
      `${kept} kept because the archive holds fewer requests than were counted\n`,
  );
  if (!check || different === 0) return 0;
  const more = different - differences.length;
  out.write(`${differences.join('\n')}\n${more > 0 ? `and ${more} more\n` : ''}`);
  return 1;
}

/** An event from the future is counted on the day it is read, so there may be rows of more than one day. */
function reconciledRows(rows: DayRow[], daily: DailyReader, keys: Iterable<KeyRow>): ReconciledRow[] {
  const other = [...keys].find(({ id }) => id === OTHER)?.key;
  return [...new Set(rows.map(({ day }) => day))].flatMap((day) => {
    const storedOf = (key: number) => daily.figures(key, { from: day, to: day })[0]?.figures;
    const ofDay = rows.filter((row) => row.day === day);
    return reconciledDay(day, ofDay, storedOf, other);
  });
}

function differenceOf({ day, figures, stored }: ReconciledRow, { id, tenant }: KeyRow): string {
  const key = keyLine(terminalText(id), terminalText(tenant));
  return `  ${dateOf(day)}  ${key}: ${stored?.requests ?? 0} requests, ${figures.requests} counted anew`;
}
