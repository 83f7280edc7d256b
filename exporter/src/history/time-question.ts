import { type Days, dayAt, parseDays } from '../time/days.ts';
import { QuestionError } from './key-choice.ts';
import { GRAINS, type Grain, periodsOf } from './periods.ts';

/** Days before today that a report begins, where nobody says. */
const USUAL_DAYS: Record<Grain, number> = { day: 29, week: 83, month: 364, year: 1_825 };
/** Periods of one answer: ten years of days. */
const MOST_PERIODS = 3_660;

/** What people and the API say of the time a report is about; '' = not said. */
export interface TimeQuestion {
  from: string;
  to: string;
  by: string;
}

/** The days and the grain asked for, and today's. `now` in seconds. Throws QuestionError. */
export function timeOf(
  { from, to, by }: TimeQuestion,
  now: number,
): { days: Days; by: Grain; today: number } {
  const grain = by === '' ? 'day' : GRAINS.find((name) => name === by);
  if (!grain) throw new QuestionError(`by: ${JSON.stringify(by)} is none of ${GRAINS.join(', ')}`);
  const today = dayAt(now);
  const end = to === '' ? today : daysOf('to', to, today).to;
  const days = {
    from: from === '' ? Math.min(end, today) - USUAL_DAYS[grain] : daysOf('from', from, today).from,
    // What has not begun cannot be compared with anything.
    to: Math.min(end, today),
  };
  if (days.from > days.to) throw new QuestionError('from: it is later than to, or later than today');
  if (days.to - days.from > 366 * 200 || periodsOf(grain, days).length > MOST_PERIODS)
    throw new QuestionError(
      `from, to: more than ${MOST_PERIODS} ${by === '' ? 'days; ask for fewer' : 'periods; ask for fewer, or by month or year'}`,
    );
  return { days, by: grain, today };
}

function daysOf(name: string, text: string, today: number): Days {
  const days = parseDays(text, today);
  if (days) return days;
  throw new QuestionError(
    `${name}: ${JSON.stringify(text)} is no day; write 2026-11-23, 2026-11, 2026Q4, 2026 or today`,
  );
}
