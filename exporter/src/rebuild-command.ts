import { dateOf } from './config/days.ts';
import { QuestionError } from './history/key-choice.ts';
import { timeOf } from './history/question.ts';
import { KeyRegistry } from './keys/registry.ts';
import { ArchivedRequests } from './record/archived-requests.ts';
import { rebuiltDays } from './record/rebuilt-days.ts';
import type { Settings } from './settings.ts';
import { openStore, openStoreForReading } from './store/sqlite.ts';
import type { DayRow } from './usage/changes.ts';

export interface RebuildFlags {
  from: string;
  to: string;
  check?: boolean;
}

interface Outcome {
  same: number;
  different: number;
  /** They differ in the busiest minute only: the first count did not see it in lines that came late. */
  late: number;
  /** The archive has fewer requests than were counted: it is not all of the day. */
  kept: number;
}

/**
 * Counts the days anew from the archive and puts the result in the place of the daily aggregates, or with
 * `check` only says where they differ. A key's day of which the archive holds fewer requests than were counted
 * stays as it is. Returns the exit code: 1 when a check finds a difference. Throws QuestionError and StoreError.
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
  const registry = new KeyRegistry(ingestion.keys, ingestion.scopeRules);
  const outcome: Outcome = { same: 0, different: 0, late: 0, kept: 0 };
  try {
    const { changes } = store.load();
    for await (const rebuilt of rebuiltDays(archive, changes, ingestion.usage, registry)) {
      const replaced: DayRow[] = [];
      for (const row of rebuilt.days) {
        const [stored] = store.daily.figures(row.key, { from: row.day, to: row.day });
        const verdict = compared(stored, row);
        outcome[verdict]++;
        if (verdict === 'different' || verdict === 'late') replaced.push(row);
      }
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
  return check && different > 0 ? 1 : 0;
}

function compared(stored: DayRow | undefined, { figures }: DayRow): keyof Outcome {
  if (!stored) return 'different';
  if (figures.requests < stored.figures.requests) return 'kept';
  if (figures.isLike(stored.figures)) return 'same';
  const isLate = stored.figures.untimed > 0 && figures.isLike(stored.figures, { minutes: false });
  return isLate ? 'late' : 'different';
}
