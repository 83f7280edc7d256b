import { TIERS } from '../keys/tiers.ts';
import type { ArchivedRequests } from '../record/archived-requests.ts';
import { type Days, dateOf } from '../time/days.ts';
import type { KeyRow } from '../usage/changes.ts';
import type { QuarterDays } from '../usage/quarter-figures.ts';
import type { TierEvidence } from './evidence.ts';
import { bound, type DayLoad, NAMED_TIERS, TierReplay } from './tier-replay.ts';

/** A day of a key that needs a replay for some tiers, and that the archive covers. */
interface OpenDay {
  row: KeyRow;
  load: DayLoad;
  /** Of the key, in the order of NAMED_TIERS. */
  tiers: TierEvidence[];
}

export interface ReplayOptions {
  /** From then on (milliseconds since the epoch) nothing is replayed any more; absent = never. */
  replayUntil?: number | undefined;
  /** Told after each day that was replayed. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What each tier would have refused of keys: days are judged from the aggregates where these suffice, and replayed from the archive where not. */
export class TierDays {
  private readonly days: Days;
  private readonly archive: ArchivedRequests | undefined;
  /** By place from the first day on: those that can be replayed. */
  private readonly open: (OpenDay[] | undefined)[];

  constructor(days: Days, archive: ArchivedRequests | undefined) {
    this.days = days;
    this.archive = archive;
    this.open = Array.from({ length: days.to - days.from + 1 }, (_, place) =>
      archive?.days.has(dateOf(days.from + place)) ? [] : undefined,
    );
  }

  /** What the aggregates of a key say. replay() adds the days they leave open. */
  bounded(row: KeyRow, days: QuarterDays): TierEvidence[] {
    const tiers = NAMED_TIERS.map((tier) => ({ tier, refused: 0, exact: true }));
    const highest = {
      requests: Math.max(...days.requests),
      peakPerMinute: Math.max(...days.peakPerMinute),
      untimed: Math.max(...days.untimed),
    };
    const replayed = new Set<number>();
    for (const evidence of tiers) {
      const limits = TIERS[evidence.tier];
      const { least: most, exact } = bound(limits, highest);
      // A tier that is certain for the highest of each figure is so for every day, and refuses nothing.
      if (exact) continue;
      for (let place = 0; place < this.open.length; place++) {
        if (days.requests[place] === 0) continue;
        const { least, exact } = bound(limits, loadOn(days, place));
        evidence.refused += least;
        if (exact) continue;
        if (this.open[place]) replayed.add(place);
        else evidence.exact = false;
        // That one day is not certain is all there is to say where nothing is refused for certain and nothing replayed.
        if (most === 0 && !this.archive) break;
      }
    }
    for (const place of replayed) this.open[place]?.push({ row, load: loadOn(days, place), tiers });
    return tiers;
  }

  /** Replays the open days of which the archive has every request; tiers that were not replayed are not exact. */
  async replay({ replayUntil = Number.POSITIVE_INFINITY, onProgress }: ReplayOptions): Promise<void> {
    for (const [place, open = []] of this.open.entries()) {
      const inTime = Date.now() < replayUntil;
      const replays =
        this.archive && inTime && open.length > 0
          ? await replayedOn(this.archive, dateOf(this.days.from + place), open)
          : [];
      for (const [i, { tiers, load }] of open.entries()) addReplayed(tiers, load, replays[i]);
      onProgress?.(place + 1, this.open.length);
    }
  }
}

const loadOn = ({ requests, peakPerMinute, untimed }: QuarterDays, place: number): DayLoad => ({
  requests: requests[place],
  peakPerMinute: peakPerMinute[place],
  untimed: untimed[place],
});

/** Adds the replay of a day to its tiers. Without a replay the tiers are not exact. */
function addReplayed(tiers: TierEvidence[], load: DayLoad, replays: Replays | undefined): void {
  for (const [i, evidence] of tiers.entries()) {
    const { least, exact } = bound(TIERS[evidence.tier], load);
    if (exact) continue;
    if (replays) evidence.refused += (replays[i]?.refused ?? least) - least;
    else evidence.exact = false;
  }
}

/** In the order of NAMED_TIERS; undefined = the aggregates suffice. */
type Replays = (TierReplay | undefined)[];

const replaysOf = (load: DayLoad): Replays =>
  NAMED_TIERS.map((tier) => (bound(TIERS[tier], load).exact ? undefined : new TierReplay(TIERS[tier])));

/** In one reading of a day, in order of time: the keys are few, or all of them. */
const REQUESTS_OF_KEYS = `SELECT wanted.n::DOUBLE, epoch_ms(time)::DOUBLE FROM requests
  JOIN (SELECT unnest(from_json($1::JSON, '[{"n":"INTEGER","id":"VARCHAR","tenant":"VARCHAR"}]'), recursive := true))
    AS wanted ON key_id = wanted.id AND coalesce(tenant_id, '') = wanted.tenant
  WHERE time >= $2::TIMESTAMP AND time < $2::TIMESTAMP + INTERVAL 1 DAY ORDER BY wanted.n, time`;

/** The tiers' replays of each of the open days of a day; undefined where the archive has not every request of it. */
async function replayedOn(
  archive: ArchivedRequests,
  day: string,
  open: OpenDay[],
): Promise<(Replays | undefined)[]> {
  const wanted = open.map(({ row: { id, tenant } }, n) => ({ n, id, tenant }));
  const archived = open.map(() => 0);
  const replays: (Replays | undefined)[] = open.map(() => undefined);
  for await (const [numbers, times] of archive.numbers(day, REQUESTS_OF_KEYS, [JSON.stringify(wanted), day]))
    for (let i = 0; i < numbers.length; i++) {
      const n = numbers[i];
      archived[n]++;
      replays[n] ??= replaysOf(open[n].load);
      for (const replay of replays[n]) replay?.request(times[i]);
    }
  // A day's file may be of keys with a longer retention, and of today a part is not sealed yet.
  return replays.map((replay, n) => (archived[n] < open[n].load.requests ? undefined : replay));
}
